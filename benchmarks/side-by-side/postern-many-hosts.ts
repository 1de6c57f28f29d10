import { setTimeout as sleep } from 'node:timers/promises';
import { type FixtureHost, SHARED_CA } from '../../test/scale/many-hosts.ts';
import { createScalePlatform, residentMiB, type ScalePlatform } from '../scale/scale-platform.ts';
import { askOnce } from './ask-once.ts';
import type { ManyHostsFigures } from './many-hosts-peers.ts';

const PROJECT = 'default';
/** The host that is added. */
export const ADDED = 'added.scale.test';

/** The edge with `count` hosts: its start from its replica, its memory, and a host more that is added over the API. */
export async function measurePosternWithManyHosts({
  count,
  touched,
  core,
  server,
}: {
  readonly count: number;
  readonly touched: number;
  /** The one core of supervisor and worker. */
  readonly core: string | null;
  /** PEM of a certificate and key for the host that is added. */
  readonly server: { readonly cert: string; readonly key: string };
}): Promise<ManyHostsFigures> {
  await using platform = await createScalePlatform(count, core);
  const { client, hosts } = platform;
  await platform.startApi();
  // The first start fills the replica.
  await platform.startEdge();
  await platform.stopEdge();
  const beganAt = performance.now();
  let startMs = 0;
  // Asked all the while, as the others are.
  const served = untilServed(platform, hosts.hostAt(1)).then(() => {
    startMs = performance.now() - beganAt;
  });
  await Promise.all([platform.startEdge(), served]);
  for (let index = 0; index < touched; index += 1) await untilServed(platform, hosts.hostAt(index));
  const [worker = 0] = platform.workerPids();
  const memoryMib = residentMiB(worker);
  const shared = hosts.hostAt(count - 1);
  const added: FixtureHost = { ...shared, host: ADDED, route: 'added' };
  // What the others are told of by files is there beforehand, too.
  await client.secrets.put(PROJECT, 'added', { secret: { type: 'tls', ...server } });
  const addedAt = performance.now();
  await client.routes.create(PROJECT, {
    name: added.route,
    spec: {
      host: ADDED,
      tls: { clientValidationCa: { name: SHARED_CA }, serverCertificate: { name: 'added' } },
      routes: [{ prefix: '/', route: { service: 'echo' } }],
    },
  });
  await untilServed(platform, added);
  return { startMs, addMs: performance.now() - addedAt, memoryMib };
}

const SERVED_TIMEOUT_MS = 60_000;
/** Milliseconds between two questions, as for the others. */
const ASK_AGAIN_MS = 20;

async function untilServed({ ports, hosts }: ScalePlatform, host: FixtureHost): Promise<void> {
  const client = hosts.clientFor(host);
  const endAt = performance.now() + SERVED_TIMEOUT_MS;
  for (;;) {
    const outcome = await askOnce({ port: ports.https, host: host.host, client });
    if (outcome === 200) return;
    if (performance.now() > endAt) throw new Error(`${host.host} is not served: ${outcome}`);
    await sleep(ASK_AGAIN_MS);
  }
}
