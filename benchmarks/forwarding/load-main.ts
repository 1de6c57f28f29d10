import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Load } from './load.ts';

// Bounded load in a process of its own: load-main.ts HOST PORT LOAD, a Load as JSON. Reports as the wrk script does.
const [host = '', port = '', loadJson = ''] = process.argv.slice(2);
const { path, connections, seconds, uploadBytes = 0, client } = JSON.parse(loadJson) as Load;
const shown = client && { cert: readFileSync(client.cert), key: readFileSync(client.key) };
const body = Buffer.alloc(uploadBytes, 'x');
const REQUESTS_MAX = 1_000_000;

const latenciesMs: number[] = [];
let failed = 0;
const startedAt = performance.now();
const endAt = startedAt + seconds * 1000;

async function getOnce(agent: Agent): Promise<void> {
  const sentAt = performance.now();
  const outgoing = request({
    ...{ host: '127.0.0.1', port: Number(port), servername: host, path, agent },
    headers: { Host: host, ...(uploadBytes > 0 ? { 'Content-Length': uploadBytes } : {}) },
    method: uploadBytes > 0 ? 'POST' : 'GET',
    ...shown,
    rejectUnauthorized: false,
    timeout: 10_000,
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) failed += 1;
  latenciesMs.push(performance.now() - sentAt);
}

async function keepAsking(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (performance.now() < endAt && latenciesMs.length < REQUESTS_MAX) {
    try {
      await getOnce(agent);
    } catch {
      failed += 1;
      break;
    }
  }
  agent.destroy();
}

await Promise.all(Array.from({ length: connections }, keepAsking));
const tookSeconds = (performance.now() - startedAt) / 1000;
latenciesMs.sort((a, b) => a - b);
const p99Ms = latenciesMs[Math.floor(latenciesMs.length * 0.99)] ?? 0;
console.log(
  `REPORT ${JSON.stringify({ requests: latenciesMs.length, seconds: tookSeconds, p99Ms, failed })}`,
);
