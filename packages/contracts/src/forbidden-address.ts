import { BlockList, isIP } from 'node:net';

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

const METADATA = new BlockList();
METADATA.addAddress('fd00:ec2::254', 'ipv6');
METADATA.addAddress('100.100.100.200', 'ipv4');
METADATA.addAddress('192.0.0.192', 'ipv4');

/** "This host", multicast and broadcast: never a server's address, and 0.0.0.0 would reach our own loopback. */
const NO_SERVER = new BlockList();
NO_SERVER.addSubnet('0.0.0.0', 8, 'ipv4');
NO_SERVER.addSubnet('224.0.0.0', 4, 'ipv4');
NO_SERVER.addAddress('255.255.255.255', 'ipv4');
NO_SERVER.addAddress('::', 'ipv6');
NO_SERVER.addSubnet('ff00::', 8, 'ipv6');

/** IPv6 forms that carry an IPv4 address a router or the kernel would use: mapped, and NAT64 (RFC 6052). */
const EMBEDDING_PREFIXES = ['::ffff:', '64:ff9b::'];

/** Says why no edge connects to an IP address as an upstream, whoever asks; undefined when it may, or when it is no address. */
export function refusalOfAddress(address: string): string | undefined {
  const plain = plainAddressOf(address);
  const family = isIP(plain);
  if (family === 0) return undefined;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (LINK_LOCAL.check(plain, kind)) return 'it is a link-local address';
  if (METADATA.check(plain, kind)) return 'it is a cloud metadata address';
  if (NO_SERVER.check(plain, kind)) return 'it is an unspecified, multicast or broadcast address';
  return undefined;
}

/** The address without its zone; the IPv4 address where an IPv6 address carries one. */
export function plainAddressOf(address: string): string {
  return embeddedIpv4(address) ?? address.replace(/%.*$/, '');
}

function embeddedIpv4(address: string): string | undefined {
  const text = address.toLowerCase();
  const start = EMBEDDING_PREFIXES.find((prefix) => text.startsWith(prefix));
  if (start === undefined) return undefined;
  const rest = text.slice(start.length);
  if (isIP(rest) === 4) return rest;
  const groups = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(rest);
  if (groups?.[1] === undefined || groups[2] === undefined) return undefined;
  const high = Number.parseInt(groups[1], 16);
  const low = Number.parseInt(groups[2], 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
