import { createServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curl } from '../testing/openssl-client.ts';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, openTls, sendRaw } from './testing/raw-client.ts';

const HOST = 'stream.example.org';
const H2C = 'stream-h2c.example.org';
let fixture: HttpFixture;
let http1: TestServer;
let http2: TestServer;
/** Exchanges that the upstreams hold open now. */
let openHttp1 = 0;
let openHttp2Streams = 0;
let sentBytes = 0;
/** How the HTTP/2 upstream saw uploads end. */
const uploads: string[] = [];

beforeAll(async () => {
  fixture = await startHttpFixture();
  http1 = await listenOn(
    createServer((request, response) => {
      openHttp1 += 1;
      response.once('close', () => {
        openHttp1 -= 1;
      });
      response.on('error', () => undefined);
      answer(request.url ?? '', response, request.socket);
      request.on('error', () => undefined);
      request.resume();
    }).on('checkContinue', (request, response: ServerResponse) => {
      if (request.url === '/refuse') response.writeHead(403).end('no');
      else {
        setTimeout(() => {
          response.writeContinue();
          let bytes = 0;
          request.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
          });
          request.on('end', () => response.end(String(bytes)));
        }, 100);
      }
    }),
  );
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    openHttp2Streams += 1;
    stream.once('close', () => {
      openHttp2Streams -= 1;
    });
    stream.on('error', () => undefined);
    if (headers[':path'] === '/upload') {
      stream.once('end', () => uploads.push(stream.aborted || stream.rstCode !== 0 ? 'broken' : 'whole'));
      stream.once('close', () => uploads.push('closed'));
      stream.once('data', () => uploads.push('begun'));
      stream.resume();
    } else if (headers[':path'] === '/cut' || headers[':path'] === '/cancel') {
      // Without the trailers that are never sent, Node would end the stream cleanly before it resets it.
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.write('partial', () => stream.close(headers[':path'] === '/cut' ? 2 : 8));
    } else {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      stream.write('data: 1\n\n');
    }
  });
  http2 = await listenOn(server);
  await fixture.putHost(HOST, http1.port);
  await fixture.putHost(H2C, http2.port, { protocol: 'h2c' });
});
afterAll(async () => {
  await fixture.close();
  await http1.close();
  await http2.close();
});

function answer(path: string, response: ServerResponse, socket: { destroy(): void }): void {
  switch (path) {
    case '/events':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      return;
    case '/hang':
      return;
    case '/head-first':
      response.flushHeaders();
      return;
    case '/hints':
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('done');
      return;
    case '/trailers':
      response.writeHead(200, { Trailer: 'X-Sum' });
      response.write('body');
      response.addTrailers({ 'X-Sum': '7', Authorization: 'no' });
      response.end();
      return;
    case '/cut-length':
      response.writeHead(200, { 'content-length': '100' });
      response.write('partial', () => socket.destroy());
      return;
    case '/cut-chunked':
      response.write('partial', () => setTimeout(() => socket.destroy(), 50));
      return;
    case '/flood': {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        do sentBytes += chunk.length;
        while (!response.destroyed && response.write(chunk));
        response.once('drain', more);
      };
      more();
      return;
    }
    case '/no-content':
      response.writeHead(204).end();
      return;
    case '/not-modified':
      response.writeHead(304, { etag: '"x"' }).end();
      return;
    default:
      response.writeHead(200, { 'content-length': '4' });
      response.end('body');
  }
}

async function becomes(read: () => number, wanted: number): Promise<void> {
  for (let waited = 0; waited < 20_000 && read() !== wanted; waited += 20) await delay(20);
  expect(read()).toBe(wanted);
}

describe('clients that go away end the exchange with the upstream', () => {
  test('100 aborted event streams over HTTP/1.1 leave none open', async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => openTls(fixture.edge, HOST)));
    const first = sockets.map(
      (socket) =>
        new Promise((resolve) => {
          let text = '';
          socket.on('data', (chunk) => {
            text += chunk.toString();
            if (text.includes('data: 1')) resolve(undefined);
          });
        }),
    );
    for (const socket of sockets) socket.write(`GET /events HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await Promise.all(first);
    expect(openHttp1).toBe(100);
    for (const socket of sockets) socket.destroy();
    await becomes(() => openHttp1, 0);
  });

  test.each([
    [HOST, () => openHttp1],
    [H2C, () => openHttp2Streams],
  ])('100 aborted streams of an HTTP/2 session to %s leave none open', async (host, open) => {
    const session = openHttp2(fixture.edge, host);
    const streams = Array.from({ length: 100 }, () => {
      const stream = session.request(get(host, '/events'));
      stream.on('error', () => undefined);
      return stream;
    });
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('data', resolve))));
    expect(open()).toBe(100);
    for (const stream of streams) stream.close(8);
    await becomes(open, 0);
    session.destroy();
  });
});

describe.each(['--http1.1', '--http2'])('with curl %s', (version) => {
  test('HEAD, 204 and 304 come back without a body, and with the length of HEAD', async () => {
    const head = await curl(fixture.edge, HOST, { args: [version, '-I'], path: '/' });
    expect(head.stdout.toLowerCase()).toContain('content-length: 4');
    for (const [path, status] of [
      ['/no-content', 204],
      ['/not-modified', 304],
    ] as const) {
      const { code, stdout } = await curl(fixture.edge, HOST, { args: [version, '-i'], path });
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^HTTP/(1\\.1|2) ${status}`));
    }
  });

  test('early hints are passed on', async () => {
    const { stdout } = await curl(fixture.edge, HOST, { args: [version, '-i'], path: '/hints' });
    expect(stdout).toMatch(/^HTTP\/(1\.1|2) 103[^\n]*\n(?:[^\n]+\n)*?link: <\/a\.css>/i);
    expect(stdout).toContain('done');
  });

  test('trailers are passed on, less what must not be one', async () => {
    const { stdout } = await curl(fixture.edge, HOST, { args: [version, '-i'], path: '/trailers' });
    expect(stdout.toLowerCase()).toContain('x-sum: 7');
    expect(stdout.toLowerCase()).not.toContain('authorization');
  });

  test('an answer that the upstream breaks off is visibly broken for the client', async () => {
    for (const path of ['/cut-length', '/cut-chunked']) {
      const { code } = await curl(fixture.edge, HOST, { args: [version], path });
      expect(code).not.toBe(0);
    }
  });

  test('Expect: 100-continue waits for the upstream, and a refusal comes before the body', async () => {
    const body = 'x'.repeat(2_000_000);
    const expecting = [
      version,
      '-H',
      'Expect: 100-continue',
      '--expect100-timeout',
      '50',
      '--data-binary',
      '@-',
    ];
    const { runCommand } = await import('../testing/openssl-client.ts');
    const run = (path: string) =>
      runCommand(
        'curl',
        [
          '-sS',
          '-i',
          '--max-time',
          '60',
          '--cacert',
          fixture.edge.serverCa,
          '--connect-to',
          `${HOST}:443:127.0.0.1:${fixture.edge.port}`,
          ...expecting,
          `https://${HOST}${path}`,
        ],
        body,
      );
    const sent = await run('/take');
    expect(sent.stdout).toContain('100');
    expect(sent.stdout.trimEnd()).toMatch(/2000000$/);
    const refused = await run('/refuse');
    expect(refused.stdout).toMatch(/HTTP\/(1\.1|2) 403/);
  });
});

test('a small answer is one TLS record, and a head does not wait for its body', async () => {
  const socket = await openTls(fixture.edge, HOST);
  const records: string[] = [];
  socket.on('data', (chunk) => records.push(chunk.toString()));
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await becomes(() => Number(records.join('').endsWith('body')), 1);
  expect(records).toHaveLength(1);
  socket.write(`GET /head-first HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await becomes(() => records.length, 2);
  expect(records[1]).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\n$/s);
  socket.destroy();
});

test('the access log tells clients that leave from upstreams that break off', async () => {
  const last = async (path: string) => {
    await becomes(() => Number(fixture.entries.some((entry) => entry.path === path)), 1);
    return fixture.entries.find((entry) => entry.path === path);
  };
  for (const host of [HOST, H2C]) {
    fixture.entries.length = 0;
    const session = openHttp2(fixture.edge, host);
    const left = session.request(get(host, '/events')).on('error', () => undefined);
    await new Promise((resolve) => left.once('data', resolve));
    left.close(8);
    expect(await last('/events')).toMatchObject({ status: 200, aborted: true, code: null });
    session.destroy();
  }
  const socket = await openTls(fixture.edge, HOST);
  fixture.entries.length = 0;
  socket.once('data', () => socket.destroy());
  socket.write(`GET /events HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  expect(await last('/events')).toMatchObject({ status: 200, aborted: true, code: null });
  await curl(fixture.edge, HOST, { path: '/cut-length' });
  expect(await last('/cut-length')).toMatchObject({ status: 200, aborted: true, code: 'upstream_invalid' });
});

test('a stream that an HTTP/2 upstream resets is reset for HTTP/2 clients and cut for HTTP/1.1 ones', async () => {
  const session = openHttp2(fixture.edge, H2C);
  for (const path of ['/cut', '/cancel']) {
    const answered = await ask(session, get(H2C, path));
    expect(answered, path).toMatchObject({ status: 200, rstCode: 2 });
  }
  session.destroy();
  const { text, closed } = await sendRaw(fixture.edge, H2C, `GET /cut HTTP/1.1\r\nHost: ${H2C}\r\n\r\n`);
  expect(closed).toBe(true);
  expect(text).not.toMatch(/0\r\n\r\n$/s);
});

test('an upload that the client breaks off never looks whole to an HTTP/2 upstream', async () => {
  for (const framing of ['Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n', 'Content-Length: 10\r\n\r\nhi']) {
    uploads.length = 0;
    const socket = await openTls(fixture.edge, H2C);
    socket.write(`POST /upload HTTP/1.1\r\nHost: ${H2C}\r\n${framing}`);
    await becomes(() => Number(uploads.includes('begun')), 1);
    socket.destroy();
    await becomes(() => Number(uploads.includes('closed')), 1);
    expect(uploads).not.toContain('whole');
  }
});

test('a client that goes away before the answer ends the request at the upstream', async () => {
  const socket = await openTls(fixture.edge, HOST);
  socket.write(`GET /hang HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await becomes(() => openHttp1, 1);
  socket.destroy();
  await becomes(() => openHttp1, 0);
  const session = openHttp2(fixture.edge, HOST);
  const stream = session.request(get(HOST, '/hang')).on('error', () => undefined);
  await becomes(() => openHttp1, 1);
  stream.close(8);
  await becomes(() => openHttp1, 0);
  session.destroy();
});

test.each(['http/1.1', 'h2'])('a client that does not read stops the upstream (%s)', async (protocol) => {
  sentBytes = 0;
  if (protocol === 'h2') {
    const session = openHttp2(fixture.edge, HOST);
    session
      .request(get(HOST, '/flood'))
      .on('error', () => undefined)
      .pause();
    await delay(1_000);
    session.destroy();
  } else {
    const socket = await openTls(fixture.edge, HOST);
    socket.pause();
    socket.write(`GET /flood HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await delay(1_000);
    socket.destroy();
  }
  // Socket buffers of the kernel take several MiB on loopback; without back-pressure this is hundreds.
  expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
  await becomes(() => openHttp1, 0);
});
