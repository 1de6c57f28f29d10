import { createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FLAG, FRAME, PREFACE } from './frames.ts';
import { Http2ClientConnection, type Http2ClientStream } from './http2-client-connection.ts';
import { block, type Frame, frame, framesOf, GET, POST, TEST_LIMITS, WHOLE } from './testing/wire.ts';

/** What was heard of an answer, in order. */
type Heard = string[];

function ask(
  client: Http2ClientConnection,
  fields: readonly (readonly [string, string])[],
  isLast = true,
): Asked {
  const heard: Heard = [];
  const stream = client.request(fields, isLast);
  stream.listener = {
    onInterim: (status) => heard.push(`interim ${status}`),
    onResponse(head, hasBody) {
      heard.push(`${head.status}${hasBody ? '' : ' END'}`);
      if (!hasBody) return;
      let bytes = 0;
      stream.start({
        data: (chunk) => (bytes += chunk.length),
        end: () => heard.push(`${bytes} END`),
        broken: () => heard.push(`${bytes} BROKEN`),
      });
    },
  };
  stream.owner = {
    onStreamClosed: () => heard.push(`closed ${stream.code}${stream.isUnprocessed ? ' unprocessed' : ''}`),
  };
  return { stream, heard };
}
interface Asked {
  readonly stream: Http2ClientStream;
  readonly heard: Heard;
}

function newClient(onOutput = (): void => {}): Http2ClientConnection {
  return new Http2ClientConnection({ limits: TEST_LIMITS, now: () => 0, onOutput });
}

/** A client whose server is the test. */
function openClient(): Http2ClientConnection {
  const client = newClient();
  client.receive(frame(FRAME.settings, 0, 0));
  expect(Buffer.concat(client.takeOutput()).subarray(0, PREFACE.length)).toEqual(PREFACE);
  return client;
}

const sent = (client: Http2ClientConnection): Frame[] => framesOf(Buffer.concat(client.takeOutput()));
const OK = frame(FRAME.headers, FLAG.endHeaders, 1, block([':status', '200']));
const data = (bytes: number, flags = 0): Buffer => frame(FRAME.data, flags, 1, Buffer.alloc(bytes));
const answer = (flags: number, ...fields: (readonly [string, string])[]): Buffer =>
  frame(FRAME.headers, flags, 1, block(...fields));

describe('what is heard of an answer', () => {
  test.each<readonly [string, readonly Buffer[], string]>([
    ['a head alone', [answer(WHOLE, [':status', '204'])], '204 END, closed 0'],
    ['content', [OK, data(3), data(2, 1)], '200, 5 END, closed 0'],
    ['trailers', [OK, data(3), answer(WHOLE, ['grpc-status', '0'])], '200, 3 END, closed 0'],
    [
      'an interim answer',
      [answer(4, [':status', '103']), OK, data(0, 1)],
      'interim 103, 200, 0 END, closed 0',
    ],
    ['a reset', [OK, data(3), frame(FRAME.rstStream, 0, 1, [0, 0, 0, 2])], '200, closed 2, 3 BROKEN'],
    ['a refusal', [frame(FRAME.rstStream, 0, 1, [0, 0, 0, 7])], 'closed 7 unprocessed'],
    ['GOAWAY before it', [frame(FRAME.goaway, 0, 0, Buffer.alloc(8))], 'closed 8 unprocessed'],
    [
      'GOAWAY behind it',
      [frame(FRAME.goaway, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0]), OK, data(1, 1)],
      '200, 1 END, closed 0',
    ],
    ['an end in an interim answer', [answer(WHOLE, [':status', '100'])], 'closed 1'],
    ['a switch of protocols', [answer(4, [':status', '101'])], 'closed 1'],
    ['no status', [answer(WHOLE, ['a', 'b'])], 'closed 1'],
    ['two statuses', [answer(WHOLE, [':status', '200'], [':status', '200'])], 'closed 1'],
    ['a field of a connection', [answer(WHOLE, [':status', '200'], ['connection', 'close'])], 'closed 1'],
    [
      'a length that is not met',
      [answer(4, [':status', '200'], ['content-length', '9']), data(3, 1)],
      '200, closed 1, 3 BROKEN',
    ],
    ['a length without content', [answer(WHOLE, [':status', '200'], ['content-length', '9'])], 'closed 1'],
    [
      'the length that a 304 stands for',
      [answer(WHOLE, [':status', '304'], ['content-length', '9'])],
      '304 END, closed 0',
    ],
    ['content before the head', [data(1)], 'closed 8'],
    ['a push', [frame(FRAME.pushPromise, 4, 1, [0, 0, 0, 2])], 'closed 8'],
    ['a stream that nobody opened', [frame(FRAME.headers, WHOLE, 2, block([':status', '200']))], 'closed 8'],
  ])('%s', (_title, frames, outcome) => {
    const client = openClient();
    const { heard } = ask(client, GET);
    sent(client);
    client.receive(Buffer.concat(frames));
    sent(client);
    expect(heard.join(', ')).toBe(outcome);
  });

  test('the length that HEAD is told of is not waited for', () => {
    const client = openClient();
    const { heard } = ask(client, [[':method', 'HEAD'], ...GET.slice(1)]);
    client.receive(answer(WHOLE, [':status', '200'], ['content-length', '9']));
    expect(heard.join(', ')).toBe('200 END, closed 0');
  });

  test('an answer that came in whole is told in whole to who begins to listen later', () => {
    const client = openClient();
    const { stream } = ask(client, GET);
    stream.listener = null;
    client.receive(Buffer.concat([OK, data(3, 1)]));
    expect([stream.isClosed, client.streamCount]).toEqual([true, 0]);
    const heard: Heard = [];
    stream.start({
      data: (chunk) => heard.push(String(chunk.length)),
      end: () => heard.push('END'),
      broken() {},
    });
    expect(heard).toEqual(['3', 'END']);
  });

  test('an answer may end before its request, which is then given up', () => {
    const client = openClient();
    const { stream, heard } = ask(client, POST, false);
    stream.write(Buffer.alloc(10));
    sent(client);
    client.receive(Buffer.concat([OK, data(1, 1)]));
    expect([heard.join(', '), stream.isClosed]).toEqual(['200, 1 END', false]);
    stream.reset(8);
    expect(sent(client).map(({ type }) => type)).toEqual([FRAME.rstStream]);
  });
});

test('after GOAWAY of either side no stream is opened', () => {
  const told = openClient();
  told.receive(frame(FRAME.goaway, 0, 0, Buffer.alloc(8)));
  const left = openClient();
  left.leave();
  expect([told.isOpen, left.isOpen, openClient().isOpen]).toEqual([false, false, true]);
});

describe('beside a server on nghttp2', () => {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    let bytes = 0;
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.on('end', () => {
      stream.respond(
        { ':status': 200, 'x-path': headers[':path'], 'x-bytes': bytes },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
      stream.end(Buffer.alloc(300_000));
    });
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => server.close());

  test('requests of 200,000 bytes and answers of 300,000 pass, several at a time', async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const client = newClient(() => setImmediate(() => write()));
    const write = (): void => {
      for (const piece of client.takeOutput()) socket.write(piece);
    };
    socket.on('data', (piece: Buffer) => client.receive(piece));
    const asked = Array.from({ length: 8 }, (_, nth) => {
      const one = ask(client, [...POST.slice(0, 3), [':path', `/${nth}`]], false);
      one.stream.write(Buffer.alloc(200_000));
      one.stream.end([]);
      return one;
    });
    await Promise.all(
      asked.map(
        ({ stream, heard }) =>
          new Promise<void>((resolve) => {
            stream.owner = {
              onStreamClosed() {
                heard.push(`closed ${stream.code}`);
                resolve();
              },
            };
          }),
      ),
    );
    for (const { stream, heard } of asked) {
      expect(heard).toEqual(['200', '300000 END', 'closed 0']);
      expect(stream.trailers).toEqual([['x-sum', '1']]);
    }
    socket.destroy();
  });
});
