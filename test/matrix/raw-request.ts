/** What a connection asks for. */
export interface RawRequest {
  /** Host or :authority. */
  readonly authority: string;
  readonly path: string;
}

/** One GET on a connection that ends after it. */
export function http1Request({ authority, path }: RawRequest): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`);
}

/** Preface, SETTINGS and one HEADERS frame with literal fields (RFC 9113 section 3.4, RFC 7541 section 6.2.2). */
export function http2Request({ authority, path }: RawRequest): Buffer {
  const fields = Object.entries({
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': authority,
    ':path': path,
  });
  const block = Buffer.concat(
    fields.map(([name, value]) =>
      Buffer.concat([
        Buffer.from([0, name.length]),
        Buffer.from(name),
        Buffer.from([value.length]),
        Buffer.from(value),
      ]),
    ),
  );
  const endStreamAndHeaders = 0x5;
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(1, endStreamAndHeaders, 1, block),
  ]);
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** True once stream 1 has ended, was reset, or the session goes away. */
export function isHttp2AnswerComplete(bytes: Buffer): boolean {
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) return false;
    const type = bytes.readUInt8(at + 3);
    const flags = bytes.readUInt8(at + 4);
    const stream = bytes.readUInt32BE(at + 5);
    const endsStream = (type === 0 || type === 1) && (flags & 1) === 1;
    if ((stream === 1 && (endsStream || type === 3)) || type === 7) return true;
    at = end;
  }
  return false;
}
