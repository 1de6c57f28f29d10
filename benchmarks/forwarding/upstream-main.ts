import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// The upstream of all measured proxies, on a free port of 127.0.0.1 that it prints.

const SMALL = Buffer.from(`${JSON.stringify({ hello: 'world', padding: 'x'.repeat(80) })}\n`);
const LARGE = Buffer.alloc(1024 * 1024, 'x');
const HALF = Buffer.alloc(50_000, 'x');
const EVENT_EVERY_MS = 200;

const streams = new Set<ServerResponse>();

function openStream(response: ServerResponse): void {
  streams.add(response);
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write('data: first\n\n');
  const timer = setInterval(() => response.write('data: more\n\n'), EVENT_EVERY_MS);
  response.once('close', () => {
    clearInterval(timer);
    streams.delete(response);
  });
}

/** Sends half of an answer, then breaks the connection off. */
function dieHalfway(response: ServerResponse, framing: Record<string, string>): void {
  response.writeHead(200, { 'Content-Type': 'text/plain', ...framing });
  response.write(HALF, () => {
    setTimeout(() => response.socket?.destroy(), 50);
  });
}

const server = createServer((request, response) => {
  switch (request.url) {
    case '/small':
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': SMALL.length });
      response.end(SMALL);
      return;
    case '/large':
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': LARGE.length });
      response.end(LARGE);
      return;
    case '/sink':
      request.resume();
      request.once('end', () => response.end('stored\n'));
      return;
    case '/events':
      openStream(response);
      return;
    case '/open-streams':
      response.end(String(streams.size));
      return;
    case '/end-streams':
      for (const stream of streams) stream.destroy();
      response.end();
      return;
    case '/dies-sized':
      dieHalfway(response, { 'Content-Length': String(2 * HALF.length) });
      return;
    case '/dies-chunked':
      dieHalfway(response, {});
      return;
    default:
      response.writeHead(404).end();
  }
});
// Longer than any pause between two rounds: a closed idle connection would be the upstream's doing, not the proxy's.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`);
});
