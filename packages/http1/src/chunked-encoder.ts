import { copyFields } from './copy-fields.ts';
import type { FieldFilter } from './field-filter.ts';
import type { FieldSection } from './field-section.ts';

/** Bytes. Data up to this size are copied between their size line and line end, so that a chunk is one Buffer; larger ones stay where they are. */
const COPIED_BYTES_MAX = 16 * 1024;
const LINE_END = Buffer.from('\r\n', 'latin1');
const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');

/**
 * One chunk with these data, as Buffers to be written one after another. None for no data: an empty chunk would end the body.
 * RFC 9112 section 7.1.
 */
export function encodeChunk(data: Buffer): readonly Buffer[] {
  if (data.length === 0) return [];
  const sizeLine = `${data.length.toString(16)}\r\n`;
  if (data.length > COPIED_BYTES_MAX) return [Buffer.from(sizeLine, 'latin1'), data, LINE_END];
  const chunk = Buffer.allocUnsafe(sizeLine.length + data.length + 2);
  chunk.write(sizeLine, 0, 'latin1');
  data.copy(chunk, sizeLine.length);
  chunk.write('\r\n', sizeLine.length + data.length, 'latin1');
  return [chunk];
}

/** The end of a chunked body, with the trailers that may go on: those that `filter` keeps. */
export function encodeLastChunk(trailers: FieldSection | null, filter: FieldFilter): Buffer {
  if (trailers === null) return LAST_CHUNK;
  let bound = LAST_CHUNK.length;
  for (let index = 0; index < trailers.count; index += 1) {
    bound += trailers.valueEndAt(index) - trailers.nameStartAt(index) + 4;
  }
  const out = Buffer.allocUnsafe(bound);
  let at = out.write('0\r\n', 0, 'latin1');
  at = copyFields(trailers, null, filter, 0, out, at);
  at += out.write('\r\n', at, 'latin1');
  return out.subarray(0, at);
}
