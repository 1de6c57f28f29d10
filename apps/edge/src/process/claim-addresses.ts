import { createServer } from 'node:net';
import { PosternError } from '@postern/contracts';
import { formatAddress, type ListenAddress, plainAddress } from '../listen-address.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EADDRNOTAVAIL: 'is not an address of this machine',
  EACCES: 'may not be listened on by this user',
  EAFNOSUPPORT: 'is of a family this machine does not have',
};

/**
 * Proves that addresses can be listened on, and gives them with the ports the system chose for 0. They are free again
 * afterwards, for the workers to listen on.
 *
 * Throws PosternError `unavailable` naming the variable and the address.
 */
export async function claimAddresses(
  variable: string,
  addresses: readonly ListenAddress[],
): Promise<ListenAddress[]> {
  const claimed: ListenAddress[] = [];
  const servers = [];
  try {
    for (const address of addresses) {
      const server = createServer((socket) => socket.destroy());
      servers.push(server);
      claimed.push(
        await new Promise<ListenAddress>((resolve, reject) => {
          server.once('error', reject);
          server.listen({ ...address, exclusive: true }, () => {
            const bound = server.address();
            resolve(
              typeof bound === 'object' && bound !== null
                ? { host: bound.address, port: bound.port }
                : address,
            );
          });
        }).catch((error: unknown) => {
          throw unusableAddress(variable, address, error);
        }),
      );
    }
  } finally {
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
  return claimed;
}

/** One line for an address that cannot be listened on. */
export function unusableAddress(variable: string, address: ListenAddress, cause: unknown): PosternError {
  const code = String((cause as { code?: unknown } | null)?.code ?? 'unknown');
  const reason = REASONS[code] ?? `cannot be listened on (${code})`;
  const written = formatAddress({ ...address, host: plainAddress(address.host) });
  return new PosternError('unavailable', { detail: `${variable}: ${written} ${reason}`, cause });
}
