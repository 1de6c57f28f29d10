import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** A real ClientHello as this Node's TLS client sends it: one record with its header. */
export async function captureHello(options: ConnectionOptions): Promise<Buffer> {
  const [near, far] = duplexPair();
  const client = connectTls({ ...options, socket: near });
  client.on('error', () => {});
  const [hello] = (await once(far, 'data')) as [Buffer];
  client.destroy();
  return hello;
}

/** The same handshake bytes in records of at most `size` bytes each. */
export function splitRecords(hello: Buffer, size: number): Buffer {
  const body = hello.subarray(5);
  const records: Buffer[] = [];
  for (let start = 0; start < body.length; start += size) {
    const part = body.subarray(start, start + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(records);
}

/** A hello built from its extensions, for shapes no client sends. */
export function buildHello(extensions: readonly (readonly [type: number, data: Buffer])[]): Buffer {
  const list = Buffer.concat(extensions.flatMap(([type, data]) => [uint16(type), uint16(data.length), data]));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    Buffer.from([0, 0, 2, 0x13, 0x01, 1, 0]),
    uint16(list.length),
    list,
  ]);
  const message = Buffer.concat([Buffer.from([1, 0]), uint16(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), uint16(message.length), message]);
}

/** The data of a server_name extension with the given names, each `[type, name]`. */
export function serverNames(...names: readonly (readonly [type: number, name: Buffer | string])[]): Buffer {
  const list = Buffer.concat(
    names.flatMap(([type, name]) => {
      const bytes = Buffer.from(name);
      return [Buffer.from([type]), uint16(bytes.length), bytes];
    }),
  );
  return Buffer.concat([uint16(list.length), list]);
}

export function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** Opens a plain TCP connection to a port on 127.0.0.1, from another address of this machine where one is given. */
export async function dial(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, localAddress });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Everything the peer sends until it closes, and the milliseconds that took. */
export async function readToEnd(socket: Socket): Promise<{ bytes: Buffer; tookMs: number }> {
  const startedAt = performance.now();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is an end as well, and it may have come already.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return { bytes: Buffer.concat(chunks), tookMs: performance.now() - startedAt };
}
