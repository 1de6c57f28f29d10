import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openTls } from './testing/raw-client.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'half.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream(() => null);
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});

test('a client that ends its side while it waits is gone: no answer, an aborted entry, and an end for the service', async () => {
  const socket = await openTls(fixture.edge, HOST);
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  for (let waited = 0; waited < 20_000 && upstream.open() === 0; waited += 10) await delay(10);
  socket.end();
  await closed;
  expect(text).toBe('');
  for (let waited = 0; waited < 20_000 && upstream.open() > 0; waited += 10) await delay(10);
  expect(upstream.open()).toBe(0);
  expect(fixture.entries).toMatchObject([{ status: 0, aborted: true }]);
});
