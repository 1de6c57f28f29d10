import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { EdgeFixture } from '../../testing/edge-fixture.ts';
import { openTls } from './raw-client.ts';

/** Frame types (RFC 9113 section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** An HTTP/2 client that sends whatever it is told, valid or not, and answers nothing by itself. */
export interface RawHttp2 {
  readonly socket: TLSSocket;
  /** All frames that came so far. */
  readonly frames: readonly Frame[];
  send(type: number, flags: number, stream: number, payload?: Buffer): boolean;
  /** Resolves with the first frame that fits, or undefined after `waitMs` or at the end of the connection. */
  receive(fits: (frame: Frame) => boolean, waitMs?: number): Promise<Frame | undefined>;
  /** Text of the DATA frames of a stream so far. */
  bodyOf(stream: number): string;
  closed(): boolean;
}

/** Connects, and sends the preface and SETTINGS. */
export async function openRawHttp2(
  edge: EdgeFixture,
  sni: string,
  settings: Buffer = Buffer.alloc(0),
): Promise<RawHttp2> {
  const socket = await openTls(edge, sni, { protocol: 'h2' });
  const frames: Frame[] = [];
  let closed = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const all = waiting;
    waiting = [];
    for (const resolve of all) resolve();
  };
  readFrames(socket, 0, (frame) => {
    frames.push(frame);
    wake();
  });
  socket.once('close', () => {
    closed = true;
    wake();
  });
  const send = (type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): boolean => {
    return !socket.destroyed && socket.write(frameOf(type, flags, stream, payload));
  };
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  send(FRAME.settings, 0, 0, settings);
  return {
    socket,
    frames,
    send,
    async receive(fits, waitMs = 30_000) {
      const deadline = performance.now() + waitMs;
      for (;;) {
        const found = frames.find(fits);
        const left = deadline - performance.now();
        if (found !== undefined || closed || left <= 0) return found;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          waiting.push(() => {
            clearTimeout(timer);
            resolve();
          });
        });
      }
    },
    bodyOf: (stream) =>
      Buffer.concat(
        frames.filter((frame) => frame.type === FRAME.data && frame.stream === stream).map((f) => f.payload),
      ).toString(),
    closed: () => closed,
  };
}

/** Calls back for each frame that comes, after `skip` bytes of preface. */
export function readFrames(socket: Duplex, skip: number, onFrame: (frame: Frame) => void): void {
  let buffered: Buffer = Buffer.alloc(0);
  let left = skip;
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk.subarray(Math.min(left, chunk.length))]);
    left -= Math.min(left, chunk.length);
    while (buffered.length >= 9 && buffered.length >= 9 + buffered.readUIntBE(0, 3)) {
      const end = 9 + buffered.readUIntBE(0, 3);
      onFrame({
        type: buffered.readUInt8(3),
        flags: buffered.readUInt8(4),
        stream: buffered.readUInt32BE(5) & 0x7fffffff,
        payload: buffered.subarray(9, end),
      });
      buffered = buffered.subarray(end);
    }
  });
}

/** A frame as bytes (RFC 9113 section 4.1). */
export function frameOf(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header block of literals without indexing or Huffman coding (RFC 7541 section 6.2.2). */
export function headerBlock(fields: readonly (readonly [string, string | Buffer])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0]),
      literal(Buffer.from(name)),
      literal(Buffer.from(value)),
    ]),
  );
}

function literal(bytes: Buffer): Buffer {
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
