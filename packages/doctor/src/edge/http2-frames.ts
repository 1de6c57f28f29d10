/** A field line as it goes out; pseudo header fields begin with a colon. */
export type FieldLine = readonly [name: string, value: string];

/** What bytes from a server say of the one request on stream 1. */
export interface Http2Reading {
  /** Of the final answer; null as long as there is none. */
  readonly status: number | null;
  /** Field lines as far as they are not compressed, and the body. */
  readonly text: string;
  /** Why there will be no answer; null as far as nothing says so. */
  readonly failure: string | null;
  /** Nothing more will come for this request. */
  readonly ended: boolean;
}

const FRAME = { data: 0, headers: 1, rstStream: 3, settings: 4, goAway: 7, continuation: 9 } as const;
const FLAG = { endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
const FRAME_HEADER_BYTES = 9;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** CONTINUATION frames of a flood, and bytes of each: more than any server needs, and less than a picture on a page. */
const FLOOD_FRAMES = 1_000;
const FLOOD_FRAME_VALUE_BYTES = 48;

/** What a correct request for the page `/` of a host consists of. */
export function pageOf(host: string): FieldLine[] {
  return [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', host],
    [':path', '/'],
    ['user-agent', 'postern-doctor'],
  ];
}

/** A connection with one request on stream 1, its fields as they are, correct or not; nothing is compressed. */
export function http2Request(fields: readonly FieldLine[]): Buffer {
  const block = Buffer.concat(fields.map(literalField));
  return Buffer.concat([opening(), frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, 1, block)]);
}

/** A connection with a request whose fields never end (the class of CVE-2024-27316), 64 KB of them. */
export function http2Flood(fields: readonly FieldLine[]): Buffer {
  const parts = [opening(), frame(FRAME.headers, FLAG.endStream, 1, Buffer.concat(fields.map(literalField)))];
  const value = 'x'.repeat(FLOOD_FRAME_VALUE_BYTES);
  for (let index = 0; index < FLOOD_FRAMES; index += 1) {
    parts.push(frame(FRAME.continuation, 0, 1, literalField([`x-postern-${index}`, value])));
  }
  return Buffer.concat(parts);
}

/** Reads what a server has sent so far (RFC 9113 section 4.1). */
export function readHttp2(bytes: Buffer): Http2Reading {
  let status: number | null = null;
  let failure: string | null = null;
  let ended = false;
  let text = '';
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const [type, flags, stream] = [
      bytes[at + 3],
      bytes[at + 4] ?? 0,
      bytes.readUInt32BE(at + 5) & 0x7fffffff,
    ];
    const content = bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
    if (content.length < length) break;
    at += FRAME_HEADER_BYTES + length;
    if (type === FRAME.goAway && length >= 8 && content.readUInt32BE(4) !== 0) {
      failure ??= `GOAWAY with error ${content.readUInt32BE(4)}`;
      ended = true;
    }
    if (stream !== 1) continue;
    if (type === FRAME.rstStream && length === 4) {
      if (content.readUInt32BE(0) !== 0) failure ??= `RST_STREAM with error ${content.readUInt32BE(0)}`;
      ended = true;
    }
    if (type === FRAME.headers) {
      const block = contentOf(content, flags);
      const told = statusIn(block);
      if (status === null && (told === null || told >= 200)) status = told;
      text += block.toString('latin1');
    }
    if (type === FRAME.data) text += contentOf(content, flags).toString('latin1');
    if ((type === FRAME.headers || type === FRAME.data) && (flags & FLAG.endStream) !== 0) ended = true;
  }
  return { status, text, failure, ended };
}

function opening(): Buffer {
  return Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0, Buffer.alloc(0))]);
}

function frame(type: number, flags: number, stream: number, content: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntBE(content.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, content]);
}

/** Literal without indexing, new name, no Huffman code (RFC 7541 section 6.2.2); name and value of less than 127 bytes. */
function literalField([name, value]: FieldLine): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')];
  if (nameBytes.length > 126 || valueBytes.length > 126)
    throw new RangeError('a field of more than 126 bytes');
  return Buffer.concat([
    Buffer.from([0, nameBytes.length]),
    nameBytes,
    Buffer.from([valueBytes.length]),
    valueBytes,
  ]);
}

/** Without padding and priority. */
function contentOf(content: Buffer, flags: number): Buffer {
  const padding = (flags & FLAG.padded) === 0 ? null : (content[0] ?? 0);
  const start = (padding === null ? 0 : 1) + ((flags & FLAG.priority) === 0 ? 0 : 5);
  return content.subarray(start, content.length - (padding ?? 0));
}

/** Statuses of the static table, from index 8 on (RFC 7541 appendix A). */
const STATIC_STATUSES = [200, 204, 206, 304, 400, 404, 500];
const STATUS_INDEX = 8;

/** The status at the start of the first field block of a connection; null where it is written in a way that nobody writes it. */
function statusIn(block: Buffer): number | null {
  let at = 0;
  // Changes of the table's size come first, and matter to nobody here.
  while (at < block.length && ((block[at] ?? 0) & 0xe0) === 0x20) at += 1;
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) return STATIC_STATUSES[(first & 0x7f) - STATUS_INDEX] ?? null;
  const index = (first & 0x40) !== 0 ? first & 0x3f : first & 0x0f;
  if (index < STATUS_INDEX || index >= STATUS_INDEX + STATIC_STATUSES.length) return null;
  const length = block[at + 1] ?? 0;
  const value = block.subarray(at + 2, at + 2 + (length & 0x7f));
  const digits = (length & 0x80) === 0 ? value.toString('latin1') : huffmanDigits(value);
  return /^[1-5]\d\d$/.test(digits) ? Number(digits) : null;
}

/** Text of digits alone: 0 to 2 have codes of five bits, from 0 on, the others of six, from 25 on (RFC 7541 appendix B). */
function huffmanDigits(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  for (let at = 0; at + 5 <= bits.length; ) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    const long = Number.parseInt(bits.slice(at, at + 6), 2);
    if (short <= 2) {
      digits += short;
      at += 5;
    } else if (at + 6 <= bits.length && long >= 25 && long <= 31) {
      digits += long - 22;
      at += 6;
    } else break;
  }
  return digits;
}
