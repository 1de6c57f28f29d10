/** Bytes. Data up to this size are copied between their size line and line end, so that a chunk is one Buffer; larger ones stay where they are. */
const COPIED_BYTES_MAX = 16 * 1024;
const LINE_END = Buffer.from('\r\n', 'latin1');

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
