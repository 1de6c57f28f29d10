import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openTls, sendRaw } from './testing/raw-client.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'ws.example.org';
let fixture: HttpFixture;
let echo: TestServer;
let silent: RecordingUpstream;
let webSockets: WebSocketServer;

beforeAll(async () => {
  fixture = await startHttpFixture();
  const server = createServer((_request, response) => response.end('plain'));
  webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  echo = await listenOn(server);
  silent = await startRecordingUpstream((head) =>
    head.includes('/never') ? null : 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno',
  );
  await fixture.putHost(HOST, echo.port, { websockets: true });
  await fixture.putHost('off.example.org', echo.port);
  await fixture.putHost('silent.example.org', silent.port, { websockets: true });
});
afterAll(async () => {
  webSockets.close();
  await fixture.close();
  await echo.close();
  await silent.close();
});
beforeEach(() => silent.clear());

const handshake = (host: string, path = '/') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

function connect(host: string): WebSocket {
  return new WebSocket(`wss://${host}:${fixture.edge.port}/chat`, {
    ca: readFileSync(fixture.edge.serverCa),
    lookup: (_name, options, callback) => {
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    },
  });
}

test('messages go both ways where the rule allows WebSockets, with any idle time', async () => {
  const socket = connect(HOST);
  const got: string[] = [];
  socket.on('message', (data: Buffer) => got.push(data.toString()));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send('hello');
  socket.send('x'.repeat(300_000));
  while (got.length < 2) await delay(10);
  expect(got[0]).toBe('hello');
  expect(got[1]).toHaveLength(300_000);
  expect(webSockets.clients.size).toBe(1);
  socket.terminate();
  for (let waited = 0; waited < 20_000 && webSockets.clients.size > 0; waited += 20) await delay(20);
  expect(webSockets.clients.size).toBe(0);
});

test('the end of the upstream is the end for the client', async () => {
  const socket = connect(HOST);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  for (const client of webSockets.clients) client.close(4001, 'bye');
  expect(await closed).toBe(4001);
});

test('where the rule does not allow WebSockets the answer is a 403 problem', async () => {
  const { text, closed } = await sendRaw(fixture.edge, 'off.example.org', handshake('off.example.org'));
  expect(text).toMatch(/^HTTP\/1\.1 403 /);
  expect(text).toContain('websockets_not_enabled');
  expect(closed).toBe(true);
});

test('what a client sends after its handshake is held back until the upstream has said 101', async () => {
  const socket = await openTls(fixture.edge, 'silent.example.org');
  socket.write(`${handshake('silent.example.org', '/never')}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`);
  for (let waited = 0; waited < 20_000 && !silent.text().includes('GET /never'); waited += 20)
    await delay(20);
  socket.write('GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n');
  await delay(200);
  expect(silent.text()).toContain('GET /never');
  expect(silent.text()).not.toContain('smuggled');
  socket.destroy();
  for (let waited = 0; waited < 20_000 && silent.open() > 0; waited += 20) await delay(20);
  expect(silent.open()).toBe(0);
});

test('an upstream that refuses the upgrade is heard, and the connection ends', async () => {
  const { text, closed } = await sendRaw(
    fixture.edge,
    'silent.example.org',
    `${handshake('silent.example.org')}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1\.1 403 /);
  expect(text).toMatch(/no$/);
  expect(closed).toBe(true);
  expect(silent.text()).not.toContain('smuggled');
});

test('RFC 8441 is not offered: CONNECT with a protocol over HTTP/2 is refused', async () => {
  const { openHttp2 } = await import('./testing/raw-client.ts');
  const session = openHttp2(fixture.edge, HOST);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  expect(session.remoteSettings.enableConnectProtocol ?? false).toBe(false);
  session.destroy();
});
