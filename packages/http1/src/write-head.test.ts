import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BodyReader } from './body-reader.ts';
import { chunkSizeLine } from './chunked-encoder.ts';
import { createFieldFilter } from './field-filter.ts';
import { type FieldLines, fieldLines } from './field-lines.ts';
import { giveHeadBack } from './head-room.ts';
import { RequestHead } from './request-head.ts';
import { ResponseHead } from './response-head.ts';
import { type RelayFraming, writeOwnHead, writeRequestHead, writeResponseHead } from './write-head.ts';

const filter = createFieldFilter({
  names: ['authorization'],
  aliasedNames: ['client-cert', 'x-real-ip'],
  aliasedPrefixes: ['x-forwarded', 'x-ssl'],
  dropUnderscored: true,
});
const ours = fieldLines([
  ['X-Forwarded-For', '192.0.2.1'],
  ['Client-Cert', ':AAA=:'],
]);

function rewritten(text: string, hostLine: FieldLines | null = null, step = text.length): string {
  const head = new RequestHead();
  for (let at = 0; at < text.length; at += step)
    head.read(Buffer.from(text.slice(at, at + step), 'latin1'), 0);
  return writeRequestHead(head, { filter, hostLine, lines: [ours] }).toString('latin1');
}

const OURS = 'X-Forwarded-For: 192.0.2.1\r\nClient-Cert: :AAA=:\r\n';

describe('a request head on its way', () => {
  test('end-to-end lines go on byte for byte, in order, with ours behind', () => {
    const head = 'GET /a?b HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nx-b: 2  3\r\nVia: caf\xe9\r\nCookie: a=1\r\n';
    for (const step of [1, 5, 1000]) expect(rewritten(`${head}\r\n`, null, step)).toBe(`${head}${OURS}\r\n`);
  });

  test('fields of the hop, those that Connection names and those of the filter stay behind; ours cannot be taken away', () => {
    const text =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Gone, client-cert, x-forwarded-for, Host, Upgrade\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n' +
      'TE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nProxy-Authorization: x\r\nProxy-Authenticate: x\r\nX-Kept: 1\r\nX-GONE: 1\r\nClient-Cert: forged\r\n' +
      'client.cert: forged\r\nX-Forwarded-Anything: forged\r\nx.forwarded-for: forged\r\nX-Forwardedness: 1\r\nX-Real_Ip: forged\r\nUser_Name: x\r\nX-SSL: x\r\nAuthorization: x\r\n\r\n';
    expect(rewritten(text)).toBe(
      `GET / HTTP/1.1\r\nHost: a\r\nX-Kept: 1\r\nX-Forwardedness: 1\r\n${OURS}\r\n`,
    );
  });

  test('whitespace is written as one space', () => {
    const text = 'GET / HTTP/1.1\r\nHost: a\r\nA:1\r\nB:  2\r\nC: 3 \t\r\nD:\t4\r\nE:\r\nF: 6\r\n\r\n';
    expect(rewritten(text)).toBe(
      `GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: 6\r\n${OURS}\r\n`,
    );
  });

  test.each([
    ['GET https://a.example/x?y HTTP/1.1', 'GET /x?y HTTP/1.1'],
    ['GET https://a.example HTTP/1.1', 'GET / HTTP/1.1'],
    ['GET https://a.example?y HTTP/1.1', 'GET /?y HTTP/1.1'],
    ['GET /x HTTP/1.0', 'GET /x HTTP/1.1'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS * HTTP/1.1'],
  ])('%s goes on as %s', (line, written) => {
    expect(rewritten(`${line}\r\nHost: a\r\n\r\n`)).toBe(`${written}\r\nHost: a\r\n${OURS}\r\n`);
  });

  test('an empty line before the request stays behind', () => {
    expect(rewritten('\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^GET \/ /);
  });

  test('another Host takes the place of the first line', () => {
    expect(rewritten('GET / HTTP/1.1\r\nX: 1\r\nHost: a\r\n\r\n', fieldLines([['Host', 'target:81']]))).toBe(
      `GET / HTTP/1.1\r\nHost: target:81\r\nX: 1\r\n${OURS}\r\n`,
    );
  });

  test('the framing that was understood goes on, whatever filter and Connection say', () => {
    const strict = createFieldFilter({ names: ['content-length', 'host'] });
    const framed = (line: string): string => {
      const head = new RequestHead();
      head.read(Buffer.from(`PUT / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\n${line}\r\n\r\n`), 0);
      return writeRequestHead(head, { filter: strict, hostLine: null, lines: [] }).toString();
    };
    expect(framed('Content-Length:5')).toBe('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
    expect(framed('transfer-encoding: Chunked')).toBe(
      'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
  });

  test('what is written is read again as the same request, and never has room for more', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^`|~-]{1,20}$/);
    const value = fc.stringMatching(/^[\x21-\x7e]([ \t\x21-\x7e]{0,30}[\x21-\x7e])?$/);
    const space = fc.constantFrom('', ' ', '  ', '\t', ' \t ');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, space, value, space), { maxLength: 12 }), (lines) => {
        const isFree = ([field]: readonly [string, ...unknown[]]): boolean =>
          !/^(host|content-length|transfer-encoding|expect|connection|upgrade)$/i.test(field);
        const free = lines.filter(isFree);
        const text = free
          .map(([field, before, text_, behind]) => `${field}:${before}${text_}${behind}\r\n`)
          .join('');
        const again = new RequestHead();
        const bytes = Buffer.from(rewritten(`GET /p HTTP/1.1\r\nHost: a\r\n${text}\r\n`), 'latin1');
        expect(again.read(bytes, 0)).toBe(bytes.length);
        const sent = new Set(free.map(([field, , value_]) => `${field}: ${value_}`));
        for (const [field, value_] of again.fields.toPairs().slice(1, -2)) {
          expect(sent).toContain(`${field}: ${value_}`);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a response head on its way', () => {
  const write = (head: string, framing: RelayFraming): string => {
    const response = new ResponseHead();
    response.read(Buffer.from(head, 'latin1'), 0);
    const own = fieldLines([['server', 'postern']]);
    const drop = createFieldFilter({ names: ['server'] });
    return writeResponseHead(response, { filter: drop, framing, lines: [own] }).toString('latin1');
  };
  test.each([
    ['200 Whatever', 'Content-Length: 5', 'length', '200 OK', 'Content-Length: 5\r\n', ''],
    ['200 OK', 'Transfer-Encoding: chunked', 'chunked', '200 OK', '', 'Transfer-Encoding: chunked\r\n'],
    [
      '200 OK',
      'Connection: close, x-gone\r\nX-Gone: 1',
      'chunked',
      '200 OK',
      '',
      'Transfer-Encoding: chunked\r\n',
    ],
    ['200 OK', 'X: 1', 'close', '200 OK', 'X: 1\r\n', ''],
    ['304 x', 'Content-Length: 5', 'none', '304 Not Modified', 'Content-Length: 5\r\n', ''],
    ['204 x', 'Content-Length: 5', 'none', '204 No Content', '', ''],
    ['103 x', 'Content-Length: 0\r\nLink: </a>', 'none', '103 Early Hints', 'Link: </a>\r\n', ''],
    ['205 x', 'Content-Length: 5', 'empty', '205 Reset Content', 'Content-Length: 0\r\n', ''],
    ['299 x', 'Content-Length: 0', 'length', '299 ', 'Content-Length: 0\r\n', ''],
  ] as const)('%s with %s as %s', (status, lines, framing, statusLine, kept, behind) => {
    expect(write(`HTTP/1.1 ${status}\r\nServer: x\r\n${lines}\r\n\r\n`, framing)).toBe(
      `HTTP/1.1 ${statusLine}\r\n${kept}server: postern\r\n${behind}\r\n`,
    );
  });

  test('a head of our own', () => {
    expect(writeOwnHead(404, [fieldLines([['a', 'b']])]).toString()).toBe(
      'HTTP/1.1 404 Not Found\r\na: b\r\n\r\n',
    );
  });
});

test.each([
  ['', 'x'],
  ['a b', 'x'],
  ['a:', 'x'],
  ['a', 'x\r\nb: y'],
  ['a', 'x\0'],
  ['a', '\u0150'],
  ['\u0150', 'x'],
])('a field that would not be one line is not written: %j %j', (name, value) => {
  expect(() => fieldLines([[name, value]])).toThrow(TypeError);
});

describe('chunks that are written', () => {
  test.each([1, 15, 16, 16_384, 16_385, 100_000])('%i bytes are read again as they were', (length) => {
    const data = Buffer.alloc(length, 'x');
    const body = new BodyReader();
    body.begin('chunked', 0);
    const wire = Buffer.concat([chunkSizeLine(length), data, Buffer.from('\r\n0\r\n\r\n')]);
    const parts: Buffer[] = [];
    expect(body.read(wire, 0, (part) => parts.push(part))).toBe(wire.length);
    expect([Buffer.concat(parts).equals(data), body.isDone]).toEqual([true, true]);
  });

  test('no data make no chunk, which would end the body', () => {
    expect(() => chunkSizeLine(0)).toThrow(RangeError);
  });
});

test('whichever heads are given back, those that are not keep their bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ bytes: fc.nat({ max: 3_000 }), give: fc.nat({ max: 3 }) })), (steps) => {
      const kept: { text: string; head: Buffer }[] = [];
      for (const [index, { bytes, give }] of steps.entries()) {
        const text = String.fromCharCode(0x61 + (index % 26)).repeat(bytes);
        kept.push({ text, head: writeOwnHead(200, [fieldLines([['X-Own', text]])]) });
        // The last ones, in the order of their going, and once in a while one from between.
        for (let left = give === 3 ? 0 : give; left > 0; left -= 1) {
          const gone = kept.pop();
          if (gone !== undefined) giveHeadBack(gone.head);
        }
        const [between] = give === 3 ? kept.splice(0, 1) : [];
        if (between !== undefined) giveHeadBack(between.head);
        for (const { text: said, head } of kept)
          expect(head.toString('latin1')).toBe(`HTTP/1.1 200 OK\r\nX-Own: ${said}\r\n\r\n`);
      }
    }),
  );
});

test('heads written one after another share memory and no byte', () => {
  const heads = Array.from({ length: 400 }, (_, index) => {
    const lines = [fieldLines([['X-Own', String(index).repeat(index % 50 === 49 ? 5_000 : index % 97)]])];
    return { lines, written: writeOwnHead(200, lines) };
  });
  for (const { lines, written } of heads)
    expect(written.toString('latin1')).toBe(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`);
});
