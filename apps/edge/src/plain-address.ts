import { isIP, SocketAddress } from 'node:net';

/** One spelling for every IP address: IPv4-mapped ones as IPv4, IPv6 compressed and without a zone. Names stay as they are. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  if (isIP(bare) !== 6) return bare;
  const { address: canonical } = new SocketAddress({ address: bare, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical);
  return mapped?.[1] ?? canonical;
}
