import { openClient } from './mtls-client.ts';
import type { ScalePlatform } from './scale-platform.ts';

/** Asks each of the first `count` hosts once, with the certificate it demands, on a connection of its own. Rejects where one does not answer 200. */
export async function touchHosts(platform: ScalePlatform, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await touchHost(platform, index);
}

/** The same for one host. */
export async function touchHost({ ports, hosts }: ScalePlatform, index: number): Promise<void> {
  const host = hosts.hostAt(index);
  const client = await openClient({ port: ports.https, host: host.host, ...hosts.clientFor(host) });
  const status = await client.get('/');
  client.end();
  if (status !== 200) throw new Error(`${host.host} answered ${status}`);
}
