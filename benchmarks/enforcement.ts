import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createClient } from '@postern/client';
import { startPlatform } from '../test/platform/platform.ts';

// How long after the API's answer does a change hold on every worker? Run: npm run bench:enforcement [WRITES]
const writes = Number(process.argv[2] ?? 1000);
/** Enough kept connections that each worker has some: the kernel spreads them. */
const CONNECTIONS = 8;
const HOST = 'measured.localhost';

await using platform = await startPlatform();
const client = createClient({
  url: `http://127.0.0.1:${platform.ports.api}`,
  token: readFileSync(join(platform.directory, 'data/admin-token'), 'utf8').trim(),
  timeoutMs: 10_000,
});
const spec = (prefix: string) => ({ host: HOST, routes: [{ prefix, route: { service: 'echo' } }] });
const { code, stderr } = await platform.postern([
  'route',
  'create',
  'measured',
  '--hostname',
  HOST,
  '--path',
  '/=echo',
]);
if (code !== 0) throw new Error(stderr);

const agents = Array.from({ length: CONNECTIONS }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
async function status(agent: Agent, path: string): Promise<number> {
  const outgoing = request({
    ...{
      host: '127.0.0.1',
      port: platform.ports.https,
      servername: HOST,
      path,
      agent,
      rejectUnauthorized: false,
    },
    headers: { host: HOST },
  });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}

const delaysMs: number[] = [];
const answersMs: number[] = [];
for (let n = 0; n < writes; n += 1) {
  const asked = performance.now();
  await client.routes.update('default', 'measured', { spec: spec(`/n${n}`) });
  const answered = performance.now();
  answersMs.push(answered - asked);
  const delays = await Promise.all(
    agents.map(async (agent) => {
      while ((await status(agent, `/n${n}`)) !== 200)
        if (performance.now() - answered > 10_000) throw new Error('never enforced');
      return performance.now() - answered;
    }),
  );
  delaysMs.push(Math.max(...delays));
}
for (const agent of agents) agent.destroy();

function quantile(values: readonly number[], q: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1)} ms`;
}
console.log(`${writes} writes, ${CONNECTIONS} kept connections over all workers`);
for (const [name, values] of [
  ['API answer', answersMs],
  ['enforced on all after the answer', delaysMs],
] as const) {
  console.log(
    `${name}: p50 ${quantile(values, 0.5)}, p99 ${quantile(values, 0.99)}, max ${quantile(values, 1)}`,
  );
}
