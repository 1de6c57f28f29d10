import { createServer } from 'node:net';
import { startHttpFixture } from './http-fixture.ts';
import { openTls } from './raw-client.ts';
import { END_HEADERS, END_STREAM, FRAME, frameOf, headerBlock, readFrames } from './raw-http2.ts';

/**
 * A program of its own, because what it looks for would stop the process of a test: an HTTP/2 service answers in whole when its
 * window is full, and opens the window with the same segment. Prints `reset` when the rest of the upload was called off.
 */
const HOST = 'answered.example.org';
const WINDOW_BYTES = 65_535;

const service = createServer((socket) => {
  let sentBytes = 0;
  socket.on('error', () => undefined);
  socket.write(frameOf(FRAME.settings, 0, 0));
  readFrames(socket, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.length, ({ type, flags, stream, payload }) => {
    if (type === FRAME.settings && flags === 0) socket.write(frameOf(FRAME.settings, 1, 0));
    if (type === FRAME.headers) {
      socket.write(frameOf(FRAME.headers, END_HEADERS, stream, headerBlock([[':status', '200']])));
    }
    if (type === FRAME.reset) {
      process.stdout.write('reset');
      process.exit(0);
    }
    if (type !== FRAME.data) return;
    sentBytes += payload.length;
    if (sentBytes !== WINDOW_BYTES) return;
    const more = Buffer.from([0, 0x10, 0, 0]);
    const answer = [
      frameOf(FRAME.data, 0, stream, Buffer.from('done')),
      frameOf(FRAME.headers, END_HEADERS | END_STREAM, stream, headerBlock([['x-sum', '1']])),
      frameOf(FRAME.windowUpdate, 0, stream, more),
      frameOf(FRAME.windowUpdate, 0, 0, more),
    ];
    setTimeout(() => socket.write(Buffer.concat(answer)), 500);
  });
});
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
const address = service.address();
const fixture = await startHttpFixture();
await fixture.putHost(HOST, typeof address === 'object' && address !== null ? address.port : 0, {
  protocol: 'h2c',
});
const client = await openTls(fixture.edge, HOST);
client.resume();
client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1000000\r\n\r\n`);
// Once the window is full these wait one behind another: some with Node, some with its HTTP/2 library.
for (let sent = 0; sent < 13; sent += 1) {
  client.write(Buffer.alloc(10_000));
  await new Promise((resolve) => setTimeout(resolve, 20));
}
setTimeout(() => process.exit(1), 60_000);
