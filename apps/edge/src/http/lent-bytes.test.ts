import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openTls } from './testing/raw-client.ts';

const HOST = 'lent.example.org';
/** More than the kernel takes for a client that does not read. */
const BYTES = 16 * 1024 * 1024;
/** Several come with one read, and what is not taken of the first keeps the others waiting. */
const CHUNK_BYTES = 16 * 1024;
let fixture: HttpFixture;
let service: TestServer;
beforeAll(async () => {
  fixture = await startHttpFixture();
  service = await listenOn(
    createServer((request, response) => {
      const chunk = Buffer.alloc(CHUNK_BYTES, request.url?.slice(1));
      for (let sent = 0; sent < BYTES; sent += CHUNK_BYTES) response.write(chunk);
      response.end();
    }),
  );
  await fixture.putHost(HOST, service.port);
});
afterAll(async () => {
  await fixture.close();
  await service.close();
});

/** Downloads what is one letter throughout, by a client that at first takes nothing; gives the letters that came. */
async function lettersOf(letter: string): Promise<string> {
  const socket = await openTls(fixture.edge, HOST);
  // To HTTP/1.0 the body goes as it comes, without chunks.
  socket.write(`GET /${letter} HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
  await delay(500);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  const all = Buffer.concat(pieces);
  const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
  expect(body).toHaveLength(BYTES);
  return String.fromCharCode(...new Set(body));
}

test('what waits for a slow client is its own, though all services are read into one buffer', async () => {
  expect(await Promise.all(['a', 'b', 'c'].map(lettersOf))).toEqual(['a', 'b', 'c']);
});
