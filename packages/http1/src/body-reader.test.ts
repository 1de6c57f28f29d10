import { describe, expect, test } from 'vitest';
import { BodyReader } from './body-reader.ts';
import { BODY_LIMITS, type BodyLimits } from './http1-limits.ts';

interface Outcome {
  readonly data: string;
  readonly pieces: number;
  readonly used: number;
  readonly isDone: boolean;
  readonly trailers: readonly (readonly [string, string])[] | undefined;
}

function readChunked(text: string, limits: BodyLimits = BODY_LIMITS, step = text.length): Outcome {
  const body = new BodyReader(limits);
  body.begin('chunked', 0);
  let data = '';
  let pieces = 0;
  let used = 0;
  for (let at = 0; at < text.length && !body.isDone; at += step) {
    const piece = Buffer.from(text.slice(at, at + step), 'latin1');
    used += body.read(piece, 0, (part) => {
      data += part.toString('latin1');
      pieces += 1;
    });
  }
  return { data, pieces, used, isDone: body.isDone, trailers: body.trailers?.toPairs() };
}

describe('Content-Length', () => {
  test('the body ends at its last byte, and a whole piece is passed on as it is', () => {
    const body = new BodyReader();
    const parts: Buffer[] = [];
    body.begin('length', 8);
    const first = Buffer.from('hello');
    expect(body.read(first, 0, (part) => parts.push(part))).toBe(5);
    expect([parts[0] === first, body.isDone]).toEqual([true, false]);
    expect(() => body.end()).toThrow('truncated');
    expect(body.read(Buffer.from('xyzGET'), 0, (part) => parts.push(part))).toBe(3);
    expect([Buffer.concat(parts).toString(), body.isDone]).toEqual(['helloxyz', true]);
    body.end();
  });

  test('a body of no bytes is done before it begins', () => {
    const body = new BodyReader();
    body.begin('length', 0);
    expect(body.isDone).toBe(true);
    body.begin('none', 0);
    expect(body.read(Buffer.from('GET'), 0, () => expect.unreachable())).toBe(0);
  });
});

test('a body without framing takes all there is, and is whole when the connection ends', () => {
  const body = new BodyReader();
  body.begin('close', 0);
  let data = '';
  body.read(Buffer.from('all of it'), 0, (part) => {
    data += part.toString();
  });
  expect([data, body.isDone]).toEqual(['all of it', false]);
  body.end();
  expect(body.isDone).toBe(true);
});

describe('chunked (RFC 9112 section 7.1)', () => {
  const WHOLE = '5\r\nhello\r\n0A;x;y=z;w="a;\\"\r"\r\n'.replace('\r"', '"');
  const text = `${WHOLE}0123456789\r\n0\r\nX-Sum: 1\r\nX-More:2\r\n\r\n`;

  test.each([text.length, 1, 2, 7])('data, end and trailers are the same in pieces of %i bytes', (step) => {
    expect(readChunked(`${text}GET`, BODY_LIMITS, step)).toMatchObject({
      data: 'hello0123456789',
      isDone: true,
      trailers: [
        ['X-Sum', '1'],
        ['X-More', '2'],
      ],
      // Of the last piece only what belongs to the body.
      used: text.length,
    });
  });

  test('many small chunks of one read are passed on as one piece', () => {
    const outcome = readChunked(`${'1\r\na\r\n'.repeat(1_000)}0\r\n\r\n`);
    expect(outcome).toMatchObject({ data: 'a'.repeat(1_000), pieces: 1, isDone: true });
  });

  test('large chunks are not moved', () => {
    const large = `1388\r\n${'b'.repeat(5_000)}\r\n`;
    expect(readChunked(`${large}${large}0\r\n\r\n`)).toMatchObject({ data: 'b'.repeat(10_000), pieces: 2 });
  });

  test('nothing of one body is left in the next', () => {
    const body = new BodyReader();
    for (let round = 0; round < 2; round += 1) {
      body.begin('chunked', 0);
      const piece = Buffer.from(text);
      let data = '';
      body.read(piece, 0, (part) => {
        data += part.toString();
      });
      expect([data, body.isDone]).toEqual(['hello0123456789', true]);
    }
    body.begin('length', 1);
    expect([body.trailers, body.isDone]).toEqual([null, false]);
  });

  const limits = { chunkLineBytesMax: 16, extensionBytesMax: 20, trailerBytesMax: 30, trailerFieldsMax: 2 };
  test.each([
    ['a size of nine digits', '000000001\r\na\r\n', 'chunk_size'],
    ['a size line of 17 bytes', `1;${'a'.repeat(15)}\r\na\r\n0\r\n\r\n`, 'chunk_line_too_long'],
    ['extensions of 21 bytes together', `${'1;aaaaaa\r\na\r\n'.repeat(3)}0\r\n\r\n`, 'chunk_line_too_long'],
    ['a trailer section of 31 bytes', `0\r\nX: ${'a'.repeat(24)}\r\n\r\n`, 'trailers_too_large'],
    ['a trailer without an end', `0\r\nX: ${'a'.repeat(100)}`, 'trailers_too_large'],
    ['three trailers', '0\r\na: 1\r\na: 1\r\na: 1\r\n\r\n', 'trailers_too_large'],
  ])('%s is refused', (_name, bytes, fault) => {
    expect(() => readChunked(bytes, limits)).toThrow(fault);
    expect(() => readChunked(bytes, limits, 1)).toThrow(fault);
  });

  test.each([
    ['a size of eight digits', '00000001\r\na\r\n0\r\n\r\n'],
    ['a size line of 16 bytes', `1;${'a'.repeat(13)}\r\na\r\n0\r\n\r\n`],
    ['a trailer section of 30 bytes', `0\r\nX: ${'a'.repeat(23)}\r\n\r\n`],
  ])('%s is read', (_name, bytes) => {
    expect(readChunked(bytes, limits).isDone).toBe(true);
    expect(readChunked(bytes, limits, 1).isDone).toBe(true);
  });
});
