import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  buildHello,
  captureHello,
  dial,
  readToEnd,
  serverNames,
  splitRecords,
} from './testing/client-hellos.ts';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { curl, sClient } from './testing/openssl-client.ts';
import { plaintextAlert } from './tls/alert.ts';

/** With so much time that a busy machine makes nobody slow. */
let edge: EdgeFixture;
/** For clients that are too slow. */
let hasty: EdgeFixture;

beforeAll(async () => {
  edge = await startEdgeFixture({ limits: { helloMs: 30_000, handshakeMs: 30_000, lingerMs: 300 } });
  hasty = await startEdgeFixture({ limits: { helloMs: 1_000, handshakeMs: 600, lingerMs: 300 } });
  await hasty.putHost('open.example');
  await edge.putHost('open.example');
  await edge.putHost('*.wild.example');
});
afterAll(async () => {
  await edge.close();
  await hasty.close();
});

const UNRECOGNIZED = plaintextAlert('unrecognized_name');

/** A TLS client behind a relay that sends its first flight reshaped and in pieces. */
async function connectReshaped(reshape: (hello: Buffer) => Buffer, piece: number): Promise<TLSSocket> {
  const relay = createServer((near) => {
    const far = connect({ port: edge.port, host: '127.0.0.1', noDelay: true });
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    far.pipe(near);
    near.once('data', async (hello: Buffer) => {
      near.pause();
      const bytes = reshape(hello);
      for (let start = 0; start < bytes.length; start += piece) {
        far.write(bytes.subarray(start, start + piece));
        await new Promise((resolve) => setImmediate(resolve));
      }
      near.pipe(far);
    });
    relay.close();
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  const client = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'open.example',
    rejectUnauthorized: false,
  });
  client.on('error', () => {});
  await once(client, 'secureConnect');
  return client;
}

test.each([
  ['byte by byte', (hello: Buffer) => hello, 1],
  ['in three records', (hello: Buffer) => splitRecords(hello, Math.ceil(hello.length / 3)), 100_000],
  ['in forty records of one byte and the rest', fortyRecords, 100_000],
  ['in records of seven bytes over segments of five', (hello: Buffer) => splitRecords(hello, 7), 5],
])('a hello of post-quantum size %s is served like a whole one', async (_, reshape, piece) => {
  const client = await connectReshaped(reshape, piece);
  client.write('GET /x HTTP/1.1\r\nHost: open.example\r\nConnection: close\r\n\r\n');
  let text = '';
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(client, 'close');
  expect(text).toContain('"sni":"open.example"');
});

function fortyRecords(hello: Buffer): Buffer {
  const body = hello.subarray(5);
  const head = splitRecords(Buffer.concat([hello.subarray(0, 5), body.subarray(0, 40)]), 1);
  return Buffer.concat([
    head,
    splitRecords(Buffer.concat([hello.subarray(0, 5), body.subarray(40)]), 16_384),
  ]);
}

test('half a hello is closed in time, whether it stops or trickles', async () => {
  const hello = await captureHello({ servername: 'open.example' });
  const still = await dial(hasty.port);
  still.write(hello.subarray(0, 200));
  expect((await readToEnd(still)).tookMs).toBeLessThan(20_000);
  const trickling = await dial(hasty.port);
  const end = readToEnd(trickling);
  for (let index = 0; index < 200 && !trickling.destroyed; index += 1) {
    trickling.write(hello.subarray(index, index + 1));
    await sleep(20);
  }
  expect((await end).tookMs).toBeLessThan(20_000);
  const silent = await dial(hasty.port);
  expect((await readToEnd(silent)).tookMs).toBeLessThan(20_000);
});

test('a handshake that stops after the hello is closed in time', async () => {
  const socket = await dial(hasty.port);
  socket.write(await captureHello({ servername: 'open.example' }));
  expect((await readToEnd(socket)).tookMs).toBeLessThan(20_000);
});

test.each([
  ['an unknown name', 'nobody.example'],
  ['a name below an exact host', 'x.open.example'],
  ['a name two labels below a wildcard', 'a.b.wild.example'],
  ['the name a wildcard stands on', 'wild.example'],
  ['a pattern in place of a name', '*.wild.example'],
  ['an IP address', '127.0.0.1'],
  ['an underscore', 'a_b.wild.example'],
  ['a name with a port', 'open.example:443'],
])('%s gets the alert unrecognized_name in clear', async (_, name) => {
  const socket = await dial(edge.port);
  socket.write(buildHello([[0, serverNames([0, name])]]));
  expect((await readToEnd(socket)).bytes).toEqual(UNRECOGNIZED);
});

test('no name gets the same alert, and openssl reads it', async () => {
  expect(await sClient(edge, 'nobody.example')).toMatch(/unrecognized name/);
  const socket = await dial(edge.port);
  socket.write(buildHello([]));
  expect((await readToEnd(socket)).bytes).toEqual(UNRECOGNIZED);
});

test('upper case, and a trailing dot, are the same host', async () => {
  for (const name of ['OPEN.example', 'Open.Example.', 'ANY.wild.example']) {
    expect(await sClient(edge, name)).toMatch(/"sni":"(open|any\.wild)\.example"/);
  }
});

test('without ALPN HTTP/1.1 is spoken, and a client of neither protocol gets its alert', async () => {
  expect(JSON.parse((await curl(edge, 'open.example', { args: ['--no-alpn'] })).stdout)).toMatchObject({
    protocol: 'http/1.1',
  });
  expect(JSON.parse((await curl(edge, 'open.example', { args: ['--http1.1'] })).stdout)).toMatchObject({
    protocol: 'http/1.1',
  });
  for (const protocol of ['acme-tls/1', 'h3', 'http/1.0']) {
    expect(await sClient(edge, 'open.example', ['-alpn', protocol])).toMatch(/no application protocol/);
  }
});

test('what is no TLS is closed without an answer', async () => {
  const socket = await dial(edge.port);
  socket.write('GET / HTTP/1.1\r\nHost: open.example\r\n\r\n');
  expect((await readToEnd(socket)).bytes).toHaveLength(0);
});
