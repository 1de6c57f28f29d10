import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, UnreachableError } from '@postern/client';
import { expect, test } from 'vitest';
import { EdgeClient, eventually } from '../flow/edge-client.ts';
import { findFreePorts, platformEnv, startPostern } from '../platform/platform.ts';

const ROUNDS = 4;

test('kill -9 of the whole platform at any moment loses no acknowledged write and leaves nothing half-applied', {
  timeout: 300_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-crash-'));
  const ports = await findFreePorts();
  const env = platformEnv(directory, ports);
  const acknowledged = new Map<string, string>();
  const attempted = new Map<string, string>();
  using edge = new EdgeClient(ports.https, null);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const running = await startPostern(['up', '--demo'], env, /Postern is ready/);
      const client = createClient({
        url: `http://127.0.0.1:${ports.api}`,
        token: readFileSync(join(directory, 'data/admin-token'), 'utf8').trim(),
        timeoutMs: 60_000,
      });
      // What an acknowledged write said is there, whole: the last one acknowledged, or one sent after it.
      for (const route of await client.routes.list('default')) {
        const { prefix } = route.spec.routes[0] ?? { prefix: '' };
        expect([acknowledged.get(route.name), attempted.get(route.name)]).toContain(prefix);
        // Seen once, it is there for good, even where the kill swallowed the acknowledgement.
        acknowledged.set(route.name, prefix);
        const served = async () => (await edge.get(route.spec.host, `${prefix}/x`)).status === 200;
        expect(await eventually(served, 30_000), `${route.spec.host} serves ${prefix}`).toBe(true);
      }
      const kept = (await client.routes.list('default')).map(({ name }) => name);
      for (const name of acknowledged.keys()) expect(kept).toContain(name);

      const write = async (n: number): Promise<void> => {
        const name = `r${n % 5}`;
        const prefix = `/${round}-${n}`;
        const spec = { host: `${name}.localhost`, routes: [{ prefix, route: { service: 'echo' } }] };
        attempted.set(name, prefix);
        if (acknowledged.has(name)) await client.routes.update('default', name, { spec });
        else await client.routes.create('default', { name, spec });
        acknowledged.set(name, prefix);
      };
      const killed = Promise.withResolvers<void>();
      const killAfter = (ms: number) =>
        void setTimeout(() => void running.stop('SIGKILL').then(() => killed.resolve()), ms);
      // Once among the first writes, and then later and later after each route has been written.
      if (round === 0) killAfter(300);
      for (let n = 0; ; n += 1) {
        if (round > 0 && n === 5) killAfter(250 * round);
        try {
          await write(n);
        } catch (error) {
          // Only the kill may end the writing: a refusal would be a wrong answer.
          expect(error).toBeInstanceOf(UnreachableError);
          break;
        }
      }
      await killed.promise;
    }
    expect(acknowledged.size).toBe(5);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
