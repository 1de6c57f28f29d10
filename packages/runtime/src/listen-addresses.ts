import { isIPv4, isIPv6 } from 'node:net';
import { PosternError } from '@postern/contracts/plain';

/** One address to listen on; `host` is a name or an address without brackets, `port` 0 picks a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `HOST:PORT` and `[v6]:PORT`, several by comma.
 * Fails with `validation_failed`, naming the variable and the part that is wrong.
 */
export function parseListenAddresses(text: string, variable: string): ListenAddress[] {
  const addresses = text.split(',').map((part) => parseOne(part.trim(), variable));
  const seen = new Set<string>();
  for (const address of addresses) {
    const written = writeListenAddress(address);
    if (address.port !== 0 && seen.has(written)) throw wrong(variable, `${written} is there twice`);
    seen.add(written);
  }
  return addresses;
}

/** Writes an address as `HOST:PORT` or `[v6]:PORT`. */
export function writeListenAddress(address: ListenAddress): string {
  // No name holds a colon; to look for an address by `isIPv6` takes the first call 8 ms.
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

function parseOne(part: string, variable: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(part);
  if (match === null) {
    const hint = isIPv6(part.replace(/:\d+$/, '')) ? '; an IPv6 address stands in brackets' : '';
    throw wrong(variable, `"${part}" is not HOST:PORT or [IPv6]:PORT${hint}`);
  }
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65_535) throw wrong(variable, `"${part}": a port is at most 65535`);
  if (bracketed !== undefined) {
    if (!isIPv6(bracketed)) throw wrong(variable, `"${bracketed}" is not an IPv6 address`);
    return { host: bracketed, port };
  }
  const host = plain ?? '';
  if (!isIPv4(host) && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host)) {
    throw wrong(variable, `"${part}": "${host}" is not a host; to listen everywhere write 0.0.0.0 or [::]`);
  }
  return { host, port };
}

function wrong(variable: string, message: string): PosternError {
  return new PosternError('validation_failed', { detail: `${variable}: ${message}` });
}
