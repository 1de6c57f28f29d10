import { createServer } from 'node:net';
import { type ListenAddress, listenFailure } from '@postern/runtime';

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
          throw listenFailure(variable, address, error);
        }),
      );
    }
  } finally {
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
  return claimed;
}
