import { CR, LF } from './character-classes.ts';
import { copyAll, copyBytes, copyFields, pairsThatGoOn } from './copy-fields.ts';
import type { FieldFilter } from './field-filter.ts';
import type { FieldLines } from './field-lines.ts';
import type { FieldPair, FieldSection } from './field-section.ts';
import { type HeadRoom, roomForHead, takeHead } from './head-room.ts';
import { fieldId } from './known-fields.ts';
import { STATUS_CODES } from './methods.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

const HOST = fieldId('host');
const CONTENT_LENGTH = fieldId('content-length');
const SLASH = 0x2f;
const VERSION_PART = ' HTTP/1.1\r\n';
const EMPTY_LINE = 'Content-Length: 0\r\n';
const CHUNKED_LINE = 'Transfer-Encoding: chunked\r\n';
/** `HTTP/1.1`, a line end, a slash for a missing path, the coding line, the empty line: a bound of what is written beside the lines. */
const OWN_BYTES_MAX = 64;
const statusLines = new Map<number, Buffer>();

export interface RequestRewrite {
  /** Leaves fields out, besides those of this hop and those that Connection names. */
  readonly filter: FieldFilter;
  /** The line of Host that goes on; null: the client's own, where it stands. */
  readonly hostLine: FieldLines | null;
  /** Lines behind all others, never subject to the filter or to Connection. */
  readonly lines: readonly FieldLines[];
}

/**
 * The head that goes to an upstream, as one Buffer: request line in origin form and HTTP/1.1, the fields less those that stay
 * behind, our own lines, and the framing that was understood: the one Content-Length, or one `chunked`.
 */
export function writeRequestHead(head: RequestHead, rewrite: RequestRewrite): Buffer {
  const { fields } = head;
  const { filter, hostLine, lines } = rewrite;
  const isChunked = head.bodyKind === 'chunked';
  const room = roomForHead(boundOf(head.byteLength, fields, lines) + (hostLine?.length ?? 0));
  const out = room.bytes;
  const isAsWritten = head.minor === 1 && head.targetForm !== 'absolute';
  const leadStart = head.lineStartAt;
  let leadEnd = isAsWritten ? head.targetEndAt + VERSION_PART.length : leadStart;
  let at = room.start;
  if (!isAsWritten) {
    at += out.write(`${head.method} `, at, 'latin1');
    const hasPath = head.targetForm !== 'absolute' || fields.bytes[head.pathStartAt] === SLASH;
    if (!hasPath) at += out.write('/', at, 'latin1');
    at = copyBytes(fields.bytes, head.pathStartAt, head.targetEndAt, out, at);
    at += out.write(VERSION_PART, at, 'latin1');
  }
  if (hostLine !== null) {
    at = copyAll(hostLine, out, copyBytes(fields.bytes, leadStart, leadEnd, out, at));
    leadEnd = leadStart;
  }
  at = copyFields(fields, head.options, filter, hostLine === null ? 0 : HOST, out, at, leadStart, leadEnd);
  return finish(room, at, lines, isChunked);
}

/**
 * How the body of an answer goes on: `length` by the upstream's own Content-Length, `chunked`, `close` by the end of the connection;
 * `none` where the status or the method says that nothing follows, `empty` where neither does and nothing follows all the same.
 */
export type RelayFraming = 'none' | 'empty' | 'length' | 'chunked' | 'close';

/** The framing towards a client that speaks HTTP/1.`clientMinor`. A 205 has no content, whatever comes with it (RFC 9110 section 15.3.6). */
export function relayFraming(head: ResponseHead, method: string, clientMinor: 0 | 1): RelayFraming {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return 'none';
  if (head.status === 205) return 'empty';
  const kind = head.bodyKind(method);
  if (kind === 'length' || kind === 'none') return 'length';
  return clientMinor === 1 ? 'chunked' : 'close';
}

export interface ResponseRewrite {
  /** Leaves fields out, besides those of this hop and those that Connection names. */
  readonly filter: FieldFilter;
  readonly framing: RelayFraming;
  /** Lines behind all others; one of them says `Connection: close` where that is meant. */
  readonly lines: readonly FieldLines[];
}

/** The head that goes to a client, as one Buffer, with the usual reason of its status in place of the upstream's. */
export function writeResponseHead(head: ResponseHead, rewrite: ResponseRewrite): Buffer {
  const { fields, status } = head;
  const { filter, framing, lines } = rewrite;
  const statusLine = statusLineOf(status);
  const room = roomForHead(boundOf(head.byteLength, fields, lines) + statusLine.length);
  const out = room.bytes;
  const dropped = keepsLength(status, framing) ? 0 : CONTENT_LENGTH;
  // Its status line comes along with the fields where it is not longer than ours, which is written over it.
  const { base } = fields;
  const lead = head.statusLineLength > statusLine.length ? 0 : head.statusLineLength;
  const start = room.start + statusLine.length - lead;
  let at = copyFields(fields, head.options, filter, dropped, out, start, base, base + lead);
  copyAll(statusLine, out, room.start);
  if (framing === 'empty') at += out.write(EMPTY_LINE, at, 'latin1');
  return finish(room, at, lines, framing === 'chunked');
}

function keepsLength(status: number, framing: RelayFraming): boolean {
  return framing === 'length' || (framing === 'none' && status >= 200 && status !== 204);
}

/** The fields of an answer that go on to a client that speaks HTTP/2. `isEmpty`: its status means no content, whatever its length says. */
export function responsePairs(head: ResponseHead, filter: FieldFilter, isEmpty: boolean): FieldPair[] {
  return pairsThatGoOn(head.fields, head.options, filter, isEmpty ? CONTENT_LENGTH : 0);
}

/** A response head of our own. */
export function writeOwnHead(status: number, lines: readonly FieldLines[]): Buffer {
  const statusLine = statusLineOf(status);
  const room = roomForHead(statusLine.length + lengthOf(lines) + OWN_BYTES_MAX);
  return finish(room, copyAll(statusLine, room.bytes, room.start), lines, false);
}

function finish(room: HeadRoom, start: number, lines: readonly FieldLines[], isChunked: boolean): Buffer {
  const out = room.bytes;
  let at = start;
  for (const line of lines) at = copyAll(line, out, at);
  if (isChunked) at += out.write(CHUNKED_LINE, at, 'latin1');
  out[at] = CR;
  out[at + 1] = LF;
  return takeHead(room, at + 2);
}

function boundOf(headBytes: number, { count }: FieldSection, lines: readonly FieldLines[]): number {
  return headBytes + 2 * count + lengthOf(lines) + OWN_BYTES_MAX;
}

function lengthOf(lines: readonly FieldLines[]): number {
  let length = 0;
  for (const line of lines) length += line.length;
  return length;
}

function statusLineOf(status: number): Buffer {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`, 'latin1');
    statusLines.set(status, line);
  }
  return line;
}
