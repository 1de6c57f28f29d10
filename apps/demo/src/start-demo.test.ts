import { connect } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Demo, startDemo } from './start-demo.ts';

let demo: Demo;
beforeAll(async () => {
  demo = await startDemo({ listen: { host: '127.0.0.1', port: 0 } });
});
afterAll(() => demo.close());

test('answers method, path, headers and body size over HTTP/1.1', async () => {
  const answer = await fetch(`${demo.url}/a?b=c`, {
    method: 'POST',
    body: 'hello',
    headers: { 'x-one': '1' },
  });
  const described = (await answer.json()) as { headers: string[][] };
  expect(described).toMatchObject({ method: 'POST', path: '/a?b=c', bodyBytes: 5, client: null });
  expect(described.headers).toContainEqual(['x-one', '1']);
});

test('answers the same over HTTP/2 with prior knowledge on the same port', async () => {
  const session = connect(demo.url);
  const stream = session.request({ ':path': '/two' });
  stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  expect(JSON.parse(text)).toMatchObject({ method: 'GET', path: '/two' });
  session.close();
});

test('an HTTP/2 upload that is broken off ends its stream alone', async () => {
  const session = connect(demo.url);
  for (let round = 0; round < 20; round += 1) {
    // Waiting for trailers that never come, Node does not end the body before it resets the stream.
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true });
    stream.on('error', () => undefined).write('half');
    await new Promise((resolve) => setTimeout(resolve, 10));
    stream.close(8);
  }
  const after = session.request({ ':path': '/after' });
  after.setEncoding('utf8');
  let text = '';
  for await (const chunk of after) text += String(chunk);
  expect(JSON.parse(text)).toMatchObject({ path: '/after' });
  session.close();
});

test('sends the first event at once', async () => {
  const abort = new AbortController();
  const answer = await fetch(`${demo.url}/events`, { signal: abort.signal });
  const first = await answer.body?.getReader().read();
  expect(Buffer.from(first?.value ?? []).toString()).toBe('id: 1\ndata: event 1\n\n');
  abort.abort();
});

test('echoes WebSocket messages, long ones too', async () => {
  const socket = new WebSocket(demo.url.replace('http', 'ws'));
  const got: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.onerror = () => reject(new Error('the WebSocket failed'));
    socket.onopen = () => {
      socket.send('hi');
      socket.send('x'.repeat(70_000));
    };
    socket.onmessage = (event) => {
      got.push(event.data);
      if (got.length === 2) socket.close();
    };
    socket.onclose = () => resolve();
  });
  expect(got).toEqual(['hi', 'x'.repeat(70_000)]);
});
