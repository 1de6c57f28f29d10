import { isIP, SocketAddress } from 'node:net';

/** One address to listen on. `host` is an IP literal without brackets, or `localhost`. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Reads `HOST:PORT` or `[v6]:PORT`, several by comma; gives undefined for anything else or an address twice. */
export function parseListenAddresses(text: string): ListenAddress[] | undefined {
  const addresses: ListenAddress[] = [];
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    const address = parseListenAddress(part.trim());
    if (address === undefined) return undefined;
    const key = formatAddress(address);
    if (seen.has(key) && address.port !== 0) return undefined;
    seen.add(key);
    addresses.push(address);
  }
  return addresses;
}

function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, v6, name = '', portText] = match;
  const port = Number(portText);
  if (port > 65_535) return undefined;
  if (v6 !== undefined) return isIP(v6) === 6 ? { host: plainAddress(v6), port } : undefined;
  if (isIP(name) !== 4 && name !== 'localhost') return undefined;
  return { host: name, port };
}

/** Writes an address as it is written in variables: `[v6]:PORT` or `HOST:PORT`. */
export function formatAddress(address: ListenAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** One spelling for every IP address: IPv4-mapped ones as IPv4, IPv6 compressed and without a zone. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  if (isIP(bare) !== 6) return bare;
  const { address: canonical } = new SocketAddress({ address: bare, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical);
  return mapped?.[1] ?? canonical;
}
