import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Bytes. A longer frame ends the connection. */
const FRAME_BYTES_MAX = 1024 * 1024;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** Accepts a WebSocket and sends every frame back (RFC 6455); answers pings and closes. */
export function echoWebsocket(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
  socket.on('error', () => {
    socket.destroy();
  });
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let buffer = head;
  const onData = (chunk: Buffer): void => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const frame = readFrame(buffer);
      if (frame === 'too-long') {
        socket.destroy();
        return;
      }
      if (frame === undefined) return;
      buffer = buffer.subarray(frame.length);
      const opcode = frame.firstByte & 0x0f;
      if (opcode === PONG) continue;
      socket.write(writeFrame(opcode === PING ? 0x80 | PONG : frame.firstByte, frame.payload));
      if (opcode === CLOSE) {
        socket.end();
        return;
      }
    }
  };
  socket.on('data', onData);
  onData(Buffer.alloc(0));
}

function readFrame(
  bytes: Buffer,
): { firstByte: number; payload: Buffer; length: number } | 'too-long' | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + lengthBytes + 4) return undefined;
  let size = short;
  if (short === 126) size = bytes.readUInt16BE(2);
  if (short === 127) size = Number(bytes.readBigUInt64BE(2));
  if (size > FRAME_BYTES_MAX) return 'too-long';
  const start = 2 + lengthBytes + 4;
  if (bytes.length < start + size) return undefined;
  const mask = bytes.subarray(start - 4, start);
  const payload = Buffer.from(bytes.subarray(start, start + size));
  for (const [index, byte] of payload.entries()) payload[index] = byte ^ (mask[index % 4] ?? 0);
  return { firstByte: bytes.readUInt8(0), payload, length: start + size };
}

function writeFrame(firstByte: number, payload: Buffer): Buffer {
  if (payload.length < 126) return Buffer.concat([Buffer.from([firstByte, payload.length]), payload]);
  const head = Buffer.alloc(payload.length < 65_536 ? 4 : 10);
  head.writeUInt8(firstByte, 0);
  if (payload.length < 65_536) {
    head.writeUInt8(126, 1);
    head.writeUInt16BE(payload.length, 2);
  } else {
    head.writeUInt8(127, 1);
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
}
