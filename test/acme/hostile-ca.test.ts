import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Store } from '@postern/store';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type ChallengeServer, startChallengeServer } from './challtestsrv.ts';
import { isIssued, Lab, orderOf, serveHosts, untilOrder } from './lab.ts';
import { type Instead, type SmallDirectory, startSmallDirectory } from './small-directory.ts';

// Beside other work on a small machine each step takes long.
vi.setConfig({ testTimeout: 240_000 });

let dns: ChallengeServer;
let hostile: SmallDirectory;
let honest: SmallDirectory;
let foreignChain: string;
let lab: Lab;
let store: Store;

beforeAll(async () => {
  dns = await startChallengeServer();
  hostile = await startSmallDirectory();
  honest = await startSmallDirectory();
  foreignChain = await readFile(honest.bundleFile, 'utf8');
  const bundles = await Promise.all([hostile, honest].map(({ bundleFile }) => readFile(bundleFile, 'utf8')));
  await writeFile(honest.bundleFile, bundles.join(''));
});
afterAll(async () => {
  for (const one of [dns, hostile, honest]) await one[Symbol.asyncDispose]();
});
beforeEach(async () => {
  lab = new Lab();
  store = await lab.open();
});
afterEach(async () => {
  hostile.answerInstead = () => null;
  await lab[Symbol.asyncDispose]();
});

const json = (body: object, headers: Record<string, string> = {}): Instead => ({
  status: 200,
  headers,
  body: JSON.stringify(body),
});
const order = { status: 'pending', identifiers: [{ type: 'dns', value: 'a.example.test' }], finalize: 'x' };
const foreign = {
  status: 'pending',
  identifier: { type: 'dns', value: 'other.example.test' },
  challenges: [{ type: 'http-01', url: 'https://127.0.0.1:1/c', token: 'token', status: 'pending' }],
};

test.each<[string, RegExp, (path: string) => Instead | null]>([
  [
    'an authorization of a name that nobody ordered',
    /authorization of "other\.example\.test", which is not in the order/,
    (path) => {
      const authorizations = [`${hostile.url.replace('directory', 'authorization')}/0`];
      if (path === 'new-order')
        return {
          ...json({ ...order, authorizations }, { location: 'https://127.0.0.1:1/o', 'replay-nonce': 'n' }),
          status: 201,
        };
      return path === 'authorization' ? json(foreign, { 'replay-nonce': 'n' }) : null;
    },
  ],
  [
    'an order without its address',
    /did not return an order link/,
    (path) => (path === 'new-order' ? { ...json(order), status: 201 } : null),
  ],
  [
    'an order that is none',
    /what is no order/,
    (path) =>
      path === 'new-order' ? { ...json({}, { location: 'https://127.0.0.1:1/o' }), status: 201 } : null,
  ],
  [
    'a page in place of an order',
    /the CA answered with/,
    (path) => (path === 'order' ? { status: 200, body: '<html>' } : null),
  ],
  [
    'the certificate of another key',
    /cannot be used: .*key/,
    (path) => (path === 'certificate' ? { status: 200, body: foreignChain } : null),
  ],
  [
    'more than 1 MiB',
    /more than 1 MiB/,
    (path) => (path === 'new-order' ? { status: 201, body: 'x'.repeat(2_000_000) } : null),
  ],
  [
    'a redirect to somewhere else',
    /is not the directory of an ACME server/,
    (path) => (path === 'directory' ? { status: 302, headers: { location: honest.url }, body: '' } : null),
  ],
])(
  'a CA that answers with %s is told so, the next one issues, and nothing is put for another name',
  async (_what, said, answerInstead) => {
    hostile.answerInstead = answerInstead;
    const put = vi.fn(store.putChallenge);
    await lab.start(
      { ...store, putChallenge: put },
      {
        POSTERN_ACME_DIRECTORY_URL: `${hostile.url},${honest.url}`,
        POSTERN_ACME_CA_BUNDLE: honest.bundleFile,
        POSTERN_ACME_CHALLENGES: 'http-01',
        POSTERN_DNS_SERVERS: dns.dns,
      },
    );
    await serveHosts(store, ['a.example.test']);
    const { certificate } = await untilOrder(store, 'a.example.test', isIssued);
    expect(certificate?.issuer).toBe(honest.url);
    const refusals = lab.logged.filter(({ message }) => message === 'certificate not issued by this CA');
    expect(refusals.map(({ err }) => String(err))).toEqual([expect.stringMatching(said)]);
    expect(put).not.toHaveBeenCalled();
  },
);

test('a CA that takes connections and says nothing does not hold up a worker that is to stop, nor counts as a failure then', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const connected = once(silent, 'connection');
  const worker = await lab.start(store, {
    POSTERN_ACME_DIRECTORY_URL: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/directory`,
    POSTERN_ACME_CA_BUNDLE: honest.bundleFile,
    POSTERN_ACME_CHALLENGES: 'http-01',
    POSTERN_DNS_SERVERS: dns.dns,
  });
  await serveHosts(store, ['a.example.test']);
  await connected;
  const begunAt = performance.now();
  await worker.stop();
  // It would wait 30 s for the answer.
  expect(performance.now() - begunAt).toBeLessThan(15_000);
  expect(await orderOf(store, 'a.example.test')).toMatchObject({ attempts: 0, lastError: null });
  silent.close();
});
