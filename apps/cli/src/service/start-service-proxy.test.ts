import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, get } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { makeCa, makeServerCertificate } from '../testing/openssl.ts';
import { startServiceProxy } from './start-service-proxy.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Nobody listens on it: one that was free a moment ago another test may have been given. */
const CLOSED = 1;

async function proxyTo(protocol: 'http' | 'https', ports: readonly number[], caPem?: string) {
  const failures: string[] = [];
  const proxy = await startServiceProxy({
    listen: { host: '127.0.0.1', port: 0 },
    targets: ports.map((port) => ({ protocol, host: 'localhost', port })),
    caPem,
    onFailure: (message) => failures.push(message),
  });
  closing.push(() => proxy.close());
  return { failures, url: `http://${proxy.address}/`, port: Number(proxy.address.split(':')[1]) };
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => text(answer).then(resolve, reject)).on('error', reject);
  });
}

test('targets are taken in turn, and one that takes no connection is passed over', async () => {
  const ports = await Promise.all(
    ['a', 'b'].map((name) => portOf(createHttpServer((_, response) => response.end(name)))),
  );
  const { url, failures } = await proxyTo('http', [...ports, CLOSED]);
  const answers = [];
  for (let call = 0; call < 3; call += 1) answers.push(await fetchText(url));
  expect(answers).toEqual(['a', 'b', 'a']);
  expect(failures).toEqual([]);
});

test('a client is closed, and it is said why, when no target takes a connection', async () => {
  const { url, failures } = await proxyTo('http', [CLOSED]);
  await expect(fetchText(url)).rejects.toThrow();
  expect(failures).toEqual([expect.stringContaining('ECONNREFUSED')]);
});

test('the end of what a client sends goes on, and the answer still comes', async () => {
  const port = await portOf(
    createServer({ allowHalfOpen: true }, (socket) => {
      void text(socket).then((sent) => socket.end(`got ${sent}`));
    }),
  );
  const proxy = await proxyTo('http', [port]);
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end('all');
  expect(await text(socket)).toBe('got all');
});

test('https targets are reached by TLS, trusted by the CA of the service alone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-proxy-'));
  closing.push(() => rmSync(directory, { recursive: true }));
  makeCa(directory, 'my-ca');
  makeServerCertificate(directory, 'local', 'localhost');
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const server = createHttpsServer({ cert: read('local.crt'), key: read('local.key') }, (_, response) =>
    response.end('safe'),
  );
  const port = await portOf(server);
  const caPem = read('local.crt');
  expect(await fetchText((await proxyTo('https', [port], caPem)).url)).toBe('safe');
  const distrusting = await proxyTo('https', [port], read('my-ca.crt'));
  await expect(fetchText(distrusting.url)).rejects.toThrow();
  expect(distrusting.failures[0]).toMatch(/certificate/);
});
