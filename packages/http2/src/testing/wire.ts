import { FLAG, FRAME, FRAME_HEAD_BYTES, PREFACE } from '../frames.ts';
import { HpackEncoder } from '../hpack-encoder.ts';
import type { Http2Limits } from '../http2-limits.ts';
import { Http2ServerConnection } from '../http2-server-connection.ts';
import type { Http2Stream } from '../http2-stream.ts';
import type { Http2RequestHead } from '../read-head.ts';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A frame as it goes on the wire (RFC 9113 section 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer | number[] = []): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

export function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const start = at + FRAME_HEAD_BYTES;
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(start, start + length),
    });
    at = start + length;
  }
  return frames;
}

/** A header block that refers to no table. */
export function block(...fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.from(new HpackEncoder().encode(fields));
}

export const GET = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.example'],
  [':path', '/'],
] as const;
export const POST = [[':method', 'POST'], ...GET.slice(1)] as const;
export const WHOLE = FLAG.endHeaders | FLAG.endStream;

export const TEST_LIMITS: Http2Limits = {
  streamWindowBytes: 100_000,
  connectionWindowBytes: 200_000,
  heldBytesMax: 150_000,
  concurrentStreamsMax: 10,
  headerListBytes: 8_192,
  fieldList: { bytesMax: 8_192, fieldsMax: 50 },
  resetBurst: 50,
  resetsPerSecond: 1,
  controlBurst: 100,
  controlsPerSecond: 1,
  updateBurst: 100,
  malformedMax: 5,
};

export interface SeenRequest {
  readonly stream: Http2Stream;
  readonly head: Http2RequestHead;
  readonly hasBody: boolean;
}

/** A server's side with nobody behind it: what came is kept, what goes out is read. */
export class TestServer {
  readonly requests: SeenRequest[] = [];
  readonly http2: Http2ServerConnection;
  nowMs = 0;
  #hasOutput = false;

  constructor(limits: Partial<Http2Limits> = {}) {
    this.http2 = new Http2ServerConnection({
      limits: { ...TEST_LIMITS, ...limits },
      now: () => this.nowMs,
      onOutput: () => {
        this.#hasOutput = true;
      },
      onRequest: (stream, head, hasBody) => this.requests.push({ stream, head, hasBody }),
    });
  }

  /** Preface and SETTINGS, as every client begins. */
  static open(limits: Partial<Http2Limits> = {}): TestServer {
    const server = new TestServer(limits);
    server.send(PREFACE, frame(FRAME.settings, 0, 0));
    server.sent();
    return server;
  }

  send(...pieces: readonly Buffer[]): void {
    this.http2.receive(Buffer.concat(pieces));
  }

  /** What has been sent since it was asked for last. */
  sent(): Frame[] {
    const frames: Frame[] = [];
    do {
      this.#hasOutput = false;
      frames.push(...framesOf(Buffer.concat(this.http2.takeOutput())));
    } while (this.#hasOutput);
    return frames;
  }

  /** Like `goaway 1`, `reset 1`, or `nothing` where neither was sent; a reset is of stream 1 unless said otherwise. */
  outcome(): string {
    const frames = this.sent();
    const goaway = frames.find(({ type }) => type === FRAME.goaway);
    if (goaway !== undefined) return `goaway ${goaway.payload.readUInt32BE(4)}`;
    const reset = frames.find(({ type }) => type === FRAME.rstStream);
    return reset === undefined ? 'nothing' : `reset ${reset.payload.readUInt32BE(0)}`;
  }
}
