import type { ConnectionOptions } from './connection-options.ts';
import type { FieldFilter } from './field-filter.ts';
import type { FieldPair, FieldSection } from './field-section.ts';
import { type FieldId, fieldId, KNOWN_NAMES } from './known-fields.ts';

/** A shorter run of bytes is copied by a loop; a call into the runtime costs more. */
const LOOP_BYTES_MAX = 40;
/** Bytes behind a run that are copied with it, and written over: all of a Buffer is copied for a third of what a part of it costs. */
const SPARE_BYTES_MAX = 1024;

/** Fields of one hop (RFC 9110 section 7.6.1), which every hop writes for itself where it needs them. */
const HOP_BY_HOP = new Uint8Array(KNOWN_NAMES.length);
for (const name of [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
] as const) {
  HOP_BY_HOP[fieldId(name)] = 1;
}

const HOST = fieldId('host');
const CONTENT_LENGTH = fieldId('content-length');

/**
 * Copies the lines that go on to `out`, from `start`, neighbours at once, and gives the place behind them. Left behind are the fields of one hop,
 * those that `options` nominate, those that `filter` drops, and those numbered `alsoDropped` (0: none); never Host and Content-Length for
 * another reason than the last. A line with other whitespace than one space before its value is written anew; it may become two bytes longer.
 */
export function copyFields(
  section: FieldSection,
  options: ConnectionOptions,
  filter: FieldFilter,
  alsoDropped: FieldId,
  out: Buffer,
  start: number,
  leadStart: number,
  leadEnd: number,
): number {
  const { bytes, count } = section;
  let at = start;
  let runStart = leadStart;
  let runEnd = leadEnd;
  for (let index = 0; index < count; index += 1) {
    if (!goesOn(section, index, options, filter, alsoDropped)) continue;
    const lineStart = section.nameStartAt(index);
    if (section.isPlainAt(index)) {
      if (lineStart !== runEnd) {
        at = copyBytes(bytes, runStart, runEnd, out, at);
        runStart = lineStart;
      }
      runEnd = section.valueEndAt(index) + 2;
      continue;
    }
    at = copyBytes(bytes, runStart, runEnd, out, at);
    runStart = runEnd;
    at = copyBytes(bytes, lineStart, section.nameEndAt(index), out, at);
    at += out.write(': ', at, 'latin1');
    at = copyBytes(bytes, section.valueStartAt(index), section.valueEndAt(index), out, at);
    at += out.write('\r\n', at, 'latin1');
  }
  return copyBytes(bytes, runStart, runEnd, out, at);
}

/** The fields that `copyFields` copies, as strings with their names in lower case, as HTTP/2 has them. */
export function pairsThatGoOn(
  section: FieldSection,
  options: ConnectionOptions,
  filter: FieldFilter,
  alsoDropped: FieldId,
): FieldPair[] {
  const pairs: FieldPair[] = [];
  for (let index = 0; index < section.count; index += 1) {
    if (!goesOn(section, index, options, filter, alsoDropped)) continue;
    const known = KNOWN_NAMES[section.idAt(index)] as string;
    pairs.push([known === '' ? section.nameAt(index).toLowerCase() : known, section.valueAt(index)]);
  }
  return pairs;
}

function goesOn(
  section: FieldSection,
  index: number,
  options: ConnectionOptions,
  filter: FieldFilter,
  alsoDropped: FieldId,
): boolean {
  const id = section.idAt(index);
  if (id !== 0 && id === alsoDropped) return false;
  // What frames and routes the message is decided by its reader, not by a filter.
  if (id === HOST || id === CONTENT_LENGTH) return true;
  return HOP_BY_HOP[id] === 0 && !filter.drops(section, index) && !options.nominates(section, index);
}

/** Copies bytes and gives the place behind them; nothing may stand behind that yet. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  const length = end - start;
  if (length <= LOOP_BYTES_MAX) {
    const shift = at - start;
    for (let index = start; index < end; index += 1) to[index + shift] = from[index] as number;
  } else if (start === 0 && from.length - end <= SPARE_BYTES_MAX && at + from.length <= to.length) {
    to.set(from, at);
  } else {
    from.copy(to, at, start, end);
  }
  return at + length;
}

/** Copies all of some bytes and gives the place behind them. */
export function copyAll(from: Buffer, to: Buffer, at: number): number {
  to.set(from, at);
  return at + from.length;
}
