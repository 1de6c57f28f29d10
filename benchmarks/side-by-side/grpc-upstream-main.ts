import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

// A unary gRPC method over h2c, answering 13 bytes to whatever it is asked, on a free port of 127.0.0.1 that it prints.
const message = Buffer.from('echo message\n');
const answer = Buffer.alloc(5 + message.length);
answer.writeUInt32BE(message.length, 1);
message.copy(answer, 5);

const server = createServer();
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.resume();
  stream.once('end', () => {
    // Reset at the end of a round, when the load is taken away.
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`);
});
