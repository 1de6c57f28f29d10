/** The line before the data of a chunk, behind which a line end follows. RFC 9112 section 7.1. RangeError for no data: an empty chunk would end the body. */
export function chunkSizeLine(bytes: number): Buffer {
  if (bytes === 0) throw new RangeError('an empty chunk would end the body');
  return Buffer.from(`${bytes.toString(16)}\r\n`, 'latin1');
}
