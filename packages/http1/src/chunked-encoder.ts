const LINE_END = Buffer.from('\r\n', 'latin1');

/**
 * One chunk with these data, as Buffers to be written one after another. None for no data: an empty chunk would end the body.
 * RFC 9112 section 7.1.
 */
export function encodeChunk(data: Buffer): readonly Buffer[] {
  if (data.length === 0) return [];
  return [Buffer.from(`${data.length.toString(16)}\r\n`, 'latin1'), data, LINE_END];
}
