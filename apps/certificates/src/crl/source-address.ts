import { BlockList, isIP } from 'node:net';
import { plainAddressOf, refusalOfAddress } from '@postern/contracts';

/** Addresses that are not public: of this machine, of private networks, and forms that lead to either. */
const PRIVATE = new BlockList();
for (const [net, bits, family] of [
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2001::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
] as const) {
  PRIVATE.addSubnet(net, bits, family);
}

/**
 * Says why no revocation list is fetched from an IP address; undefined when it may be. Link-local and metadata addresses are refused always,
 * those of this machine and of private networks unless `allowPrivate`.
 */
export function refusalOfSource(address: string, allowPrivate: boolean): string | undefined {
  const plain = plainAddressOf(address);
  const family = isIP(plain);
  if (family === 0) return 'it is not an IP address';
  const refusal = refusalOfAddress(address);
  if (refusal !== undefined) return refusal;
  if (allowPrivate || !PRIVATE.check(plain, family === 4 ? 'ipv4' : 'ipv6')) return undefined;
  return 'it is not a public address, and POSTERN_CRL_ALLOW_PRIVATE is not on';
}
