import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Files, OpensslFiles } from '../pki/openssl-files.ts';
import { type Output, type Platform, startPlatform } from '../platform/platform.ts';

const HOST = 'moving.localhost';

let platform: Platform;
let old: Files;
let moved: Files;

beforeAll(async () => {
  platform = await startPlatform();
  const directory = join(platform.directory, 'pki');
  mkdirSync(directory);
  const files = new OpensslFiles(directory);
  const [oldCa, newCa] = [files.ca('Old CA'), files.ca('New CA')];
  old = files.signed(oldCa, 'client.acme.org', ['extendedKeyUsage=clientAuth']);
  moved = files.signed(newCa, 'client.acme.org', ['extendedKeyUsage=clientAuth']);
  await ok('secret', 'create', 'tls-ca', 'old-ca', '--cert', oldCa.cert);
  await ok('secret', 'create', 'tls-ca', 'new-ca', '--cert', newCa.cert);
  await ok(
    'route',
    'create',
    'moving',
    '--hostname',
    HOST,
    '--path',
    '/=echo',
    '--client-ca-secret',
    'old-ca',
  );
});
afterAll(async () => platform?.[Symbol.asyncDispose]());

async function ok(...args: string[]): Promise<Output> {
  const output = await platform.postern(args);
  expect(output.code, `postern ${args.join(' ')}: ${output.stderr}`).toBe(0);
  return output;
}

const rotate = (...args: string[]) => platform.postern(['route', 'rotate-ca', ...args]);

/** Clients that ask again and again, on kept connections and on fresh ones, until they are stopped. */
function startLoad({ cert, key }: Files): { readonly done: () => number; stop(): Promise<string[]> } {
  const shown = { cert: readFileSync(cert), key: readFileSync(key), rejectUnauthorized: false };
  const failures: string[] = [];
  let isRunning = true;
  let done = 0;
  const ask = async (agent: Agent): Promise<void> => {
    while (isRunning) {
      try {
        const outgoing = request({
          host: '127.0.0.1',
          port: platform.ports.https,
          servername: HOST,
          agent,
          headers: { host: HOST },
        });
        outgoing.end();
        const [answer] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
        for await (const _ of answer);
        if (answer.statusCode !== 200) failures.push(`status ${answer.statusCode}`);
      } catch (error) {
        failures.push(String(error));
      }
      done += 1;
      await sleep(5);
    }
  };
  const agents = [
    ...Array.from({ length: 4 }, () => new Agent({ ...shown, keepAlive: true, maxSockets: 1 })),
    ...Array.from({ length: 2 }, () => new Agent({ ...shown, keepAlive: false })),
  ];
  const asking = agents.map(ask);
  return {
    done: () => done,
    async stop() {
      isRunning = false;
      await Promise.all(asking);
      for (const agent of agents) agent.destroy();
      return failures;
    },
  };
}

/** Until `load` has asked so often once more. */
async function served(load: { readonly done: () => number }, more: number): Promise<void> {
  const wanted = load.done() + more;
  while (load.done() < wanted) await sleep(20);
}

async function isAdmitted({ cert, key }: Files): Promise<boolean> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: platform.ports.https, servername: HOST, rejectUnauthorized: false },
    ...{ cert: readFileSync(cert), key: readFileSync(key), ALPNProtocols: ['http/1.1'] },
  });
  socket.on('error', () => {});
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const first = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  socket.destroy();
  return first;
}

test('a whole rotation under load fails no request; it does not end while the old CA is in use', {
  timeout: 200_000,
}, async () => {
  const before = startLoad(old);
  await served(before, 100);
  const started = await rotate('start', 'moving', '--next', 'new-ca');
  expect(started, started.stderr).toMatchObject({ code: 0 });
  await served(before, 100);
  const after = startLoad(moved);
  await served(after, 100);

  const early = await rotate('finish', 'moving', '--yes');
  expect(early, early.stdout).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(/1 client used old-ca within the grace time[\s\S]*CN=client\.acme\.org/),
  });
  expect(early.stderr).not.toContain('has not told yet');
  // The clients of the old CA move on their own.
  expect(await before.stop()).toEqual([]);
  const status = await rotate('status', 'moving', '--json');
  expect(JSON.parse(status.stdout)).toMatchObject({
    clientsTotal: 1,
    clients: [{ subject: 'CN=client.acme.org' }],
  });
  expect(await isAdmitted(old)).toBe(true);
  await sleep(2_000);

  const finished = await rotate('finish', 'moving', '--grace', '1s', '--yes');
  expect(finished, finished.stderr).toMatchObject({ code: 0 });
  await served(after, 100);
  expect(await after.stop()).toEqual([]);
  expect(await isAdmitted(old)).toBe(false);
  expect(await isAdmitted(moved)).toBe(true);
});
