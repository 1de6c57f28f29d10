import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { PosternError } from '@postern/contracts';

/** An address and port on which a part of Postern itself listens; a wildcard address stands for every local one. */
export interface OwnListener {
  readonly address: string;
  readonly port: number;
}

/** Keeps services from being aimed at cloud metadata or at Postern itself, by resolved address, not by name. */
export interface AddressGuard {
  /** Says why an address may not be connected to, or undefined when it may. */
  refusalOf(address: string, port: number): string | undefined;
  /** A `lookup` for node:net that yields allowed addresses only; fails with `upstream_forbidden` when none is left. */
  lookupFor(port: number): LookupFunction;
}

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

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** IPv6 forms that carry an IPv4 address a router or the kernel would use: mapped, and NAT64 (RFC 6052). */
const EMBEDDING_PREFIXES = ['::ffff:', '64:ff9b::'];

/** Builds the guard; `ownListeners` is asked at each check because listeners may bind after it was made. */
export function createAddressGuard(options: { ownListeners: () => readonly OwnListener[] }): AddressGuard {
  const refusalOf = (address: string, port: number): string | undefined => {
    const plain = embeddedIpv4(address) ?? address.replace(/%.*$/, '');
    const family = isIP(plain);
    if (family === 0) return 'it is not an IP address';
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    if (LINK_LOCAL.check(plain, kind)) return 'it is a link-local address';
    if (METADATA.check(plain, kind)) return 'it is a cloud metadata address';
    if (NO_SERVER.check(plain, kind)) return 'it is an unspecified, multicast or broadcast address';
    const own = options
      .ownListeners()
      .some((listener) => listener.port === port && covers(listener.address, plain));
    return own ? 'it is a listener of Postern' : undefined;
  };
  return {
    refusalOf,
    lookupFor: (port) => (hostname, lookupOptions, callback) => {
      dnsLookup(hostname, { ...lookupOptions, all: true }, (error, found: LookupAddress[]) => {
        if (error !== null) {
          callback(error, '', 0);
          return;
        }
        const allowed = found.filter(({ address }) => refusalOf(address, port) === undefined);
        const first = allowed[0];
        if (first === undefined) {
          callback(
            forbidden(hostname, found[0]?.address ?? '', refusalOf(found[0]?.address ?? '', port)),
            '',
            0,
          );
        } else if (lookupOptions.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    },
  };
}

/** The error of a target that the guard refuses; the address is for the log only. */
export function forbidden(host: string, address: string, why: string | undefined): PosternError {
  return new PosternError('upstream_forbidden', {
    detail: 'The upstream address of this service is not allowed.',
    context: { targetHost: host, address, why },
  });
}

function covers(listener: string, address: string): boolean {
  const plain = embeddedIpv4(listener) ?? listener;
  if (plain === address) return true;
  if (plain !== '0.0.0.0' && plain !== '::') return false;
  if (LOOPBACK.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')) return true;
  return Object.values(networkInterfaces()).some(
    (all) => all?.some((one) => one.address === address) ?? false,
  );
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
