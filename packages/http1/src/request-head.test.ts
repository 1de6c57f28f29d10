import { describe, expect, test, vi } from 'vitest';
import { FieldSection, NEED_MORE } from './field-section.ts';
import { HeldBytes } from './held-bytes.ts';
import { Http1Error, type Http1Fault } from './http1-error.ts';
import { fieldId } from './known-fields.ts';
import { RequestHead } from './request-head.ts';
import { AMBIGUOUS_REQUESTS } from './testing/corpus.ts';
import { readMessages } from './testing/read-messages.ts';

function read(text: string): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(text, 'latin1');
  expect(head.read(bytes, 0)).toBe(bytes.length);
  return head;
}

function faultOf(action: () => unknown): Http1Fault | null {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof Http1Error) return error.fault;
    throw error;
  }
}

const withFields = (lines: string): RequestHead => read(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`);

test.each(AMBIGUOUS_REQUESTS)('%s is refused, whole and byte by byte', (_name, text, fault) => {
  const bytes = Buffer.from(text, 'latin1');
  expect(readMessages(bytes, [], { kind: 'requests' }).fault).toBe(fault);
  const bytewise = Array.from(bytes, (_, index) => index);
  expect(readMessages(bytes, bytewise, { kind: 'requests' }).fault).toBe(fault);
});

describe('RFC 9112 section 2.2: where a request begins and ends', () => {
  test('the place behind the head is told, in the piece that it came in', () => {
    const bytes = Buffer.from('xxGET / HTTP/1.1\r\nHost: a\r\n\r\nrest');
    const head = new RequestHead();
    expect(head.read(bytes, 2)).toBe(bytes.length - 4);
    expect(head.fields.toPairs()).toEqual([['Host', 'a']]);
  });

  test('a head in two pieces keeps no hold of the first one', () => {
    const head = new RequestHead();
    const first = Buffer.from('GET /a HTTP/1.1\r\nHo');
    expect(head.read(first, 0)).toBe(NEED_MORE);
    first.fill(0);
    const second = Buffer.from('xxst: a\r\n\r\nbody');
    expect(head.read(second, 2)).toBe(second.length - 4);
    expect([head.path, head.host]).toEqual(['/a', 'a']);
  });

  test('one empty line before a request is passed over and begins no head', () => {
    const head = new RequestHead();
    expect(head.read(Buffer.from('\r\n'), 0)).toBe(NEED_MORE);
    expect(head.hasBegun).toBe(false);
    const rest = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(head.read(rest, 0)).toBe(rest.length);
    expect(head.byteLength).toBe(rest.length);
    head.clear();
    expect(head.read(Buffer.from('G'), 0)).toBe(NEED_MORE);
    expect(head.hasBegun).toBe(true);
  });

  test('a head that is complete reads no more until it is cleared', () => {
    const head = read('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(() => head.read(Buffer.from('x'), 0)).toThrow('clear it');
    head.clear();
    const next = Buffer.from('HEAD /2 HTTP/1.1\r\nHost: b\r\n\r\n');
    expect(head.read(next, 0)).toBe(next.length);
    expect([head.method, head.path, head.host, head.fields.count]).toEqual(['HEAD', '/2', 'b', 1]);
  });

  test('nothing of one message is left in the next', () => {
    const head = read(
      'POST https://a/ HTTP/1.1\r\nHost: a\r\nConnection: x, close, cookie\r\nContent-Length: 3\r\nExpect: 100-continue\r\nUpgrade: x\r\n\r\n',
    );
    head.clear();
    // The name that Connection had now stands in the same place, in another field.
    const next = Buffer.from(
      'GET /2?45678901 HTTP/1.1\r\nHost: a\r\nSomething.: x, close\r\nX: 1\r\nCookie: 1\r\n\r\n',
    );
    head.read(next, 0);
    expect(head).toMatchObject({
      ...{ minor: 1, targetForm: 'origin', isSecureTarget: false, targetAuthority: '', contentLength: -1 },
      ...{ bodyKind: 'none', keepsConnection: true, expectsContinue: false, wantsUpgrade: false },
    });
    for (const index of [2, 3]) expect(head.options.nominates(head.fields, index)).toBe(false);
  });
});

describe('RFC 9112 section 3: the request line', () => {
  test.each([
    ['GET /a/b?c=%20 HTTP/1.1', 'origin', '/a/b?c=%20', ''],
    ['GET //admin HTTP/1.1', 'origin', '//admin', ''],
    ['GET https://a.example:8443/x?y HTTP/1.1', 'absolute', '/x?y', 'a.example:8443'],
    ['GET HTTPS://A?y HTTP/1.1', 'absolute', '/?y', 'A'],
    ['GET http://[::1]:80 HTTP/1.1', 'absolute', '/', '[::1]:80'],
    ['OPTIONS * HTTP/1.1', 'asterisk', '*', ''],
  ])('%s', (line, form, path, authority) => {
    const head = read(`${line}\r\nHost: a\r\n\r\n`);
    expect([head.targetForm, head.path, head.targetAuthority]).toEqual([form, path, authority]);
    expect(head.isSecureTarget).toBe(/ https:/i.test(line));
  });

  test('bytes outside of ASCII in a value are one character each', () => {
    expect(withFields('X: caf\xe9').fields.valueAt(1)).toBe('caf\xe9');
  });
});

describe('RFC 9112 section 6: framing', () => {
  test.each([
    ['Content-Length: 0', 'none', 0],
    ['content-length:12', 'length', 12],
    ['Content-Length: 999999999999999', 'length', 999_999_999_999_999],
    ['Transfer-Encoding: CHUNKED', 'chunked', -1],
    ['X: 1', 'none', -1],
  ])('%s', (line, kind, length) => {
    const head = withFields(line);
    expect([head.bodyKind, head.contentLength]).toEqual([kind, length]);
  });

  test('a Content-Length of sixteen digits is refused', () => {
    expect(faultOf(() => withFields('Content-Length: 1000000000000000'))).toBe('content_length');
  });
});

describe('RFC 9112 section 9: the connection', () => {
  test.each([
    ['GET / HTTP/1.1', 'X: 1', true],
    ['GET / HTTP/1.1', 'Connection: keep-alive', true],
    ['GET / HTTP/1.1', 'Connection: Keep-Alive, CLOSE', false],
    ['GET / HTTP/1.1', 'Connection: x\r\nConnection:close', false],
    ['GET / HTTP/1.1', 'Connection: "close"', true],
    ['GET / HTTP/1.0', 'Connection: keep-alive', false],
  ])('%s with %s', (line, field, keeps) => {
    expect(read(`${line}\r\nHost: a\r\n${field}\r\n\r\n`).keepsConnection).toBe(keeps);
  });

  test('Connection names fields in any case, known and not, but never Host and Content-Length', () => {
    const head = withFields(
      'Connection: X-A, ,cookie, host,content-length, broken one\r\nx-a: 1\r\nCookie: 2\r\nContent-Length: 0\r\nX-AB: 3\r\nbroken: 4',
    );
    const nominated = head.fields.toPairs().filter((_, index) => head.options.nominates(head.fields, index));
    expect(nominated.map(([name]) => name)).toEqual(['x-a', 'Cookie']);
  });

  test('Upgrade and Expect count in HTTP/1.1 alone', () => {
    const lines = 'Host: a\r\nUpgrade: websocket\r\nExpect: 100-Continue\r\n\r\n';
    expect(read(`GET / HTTP/1.1\r\n${lines}`)).toMatchObject({ wantsUpgrade: true, expectsContinue: true });
    expect(read(`GET / HTTP/1.0\r\n${lines}`)).toMatchObject({ wantsUpgrade: false, expectsContinue: false });
  });
});

describe('bounds hold at their last byte, whole and byte by byte', () => {
  const limits = { headBytesMax: 120, fieldsMax: 3, targetBytesMax: 20, connectionOptionsMax: 2 };
  const outcome = (text: string, bytewise: boolean): Http1Fault | 'complete' | 'more' => {
    const head = new RequestHead(limits);
    const bytes = Buffer.from(text, 'latin1');
    const step = bytewise ? 1 : bytes.length;
    for (let at = 0; at < bytes.length; at += step) {
      const piece = Buffer.from(bytes.subarray(at, at + step));
      let next = NEED_MORE;
      const fault = faultOf(() => {
        next = head.read(piece, 0);
      });
      if (fault !== null) return fault;
      if (next !== NEED_MORE) return 'complete';
    }
    return 'more';
  };
  const sized = (bytes: number): string => {
    const rest = 'GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n';
    return rest.replace('X: ', `X: ${'x'.repeat(bytes - rest.length)}`);
  };
  test.each([
    ['a head of 120 bytes', sized(120), 'complete'],
    ['a head of 121 bytes', sized(121), 'head_too_large'],
    [
      'a request line without an end',
      `GET /${'a'.repeat(15)} HTTP/1.1\r\nX: ${'a'.repeat(200)}`,
      'head_too_large',
    ],
    ['a target of 20 bytes', `GET /${'a'.repeat(19)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'complete'],
    ['a target of 21 bytes', `GET /${'a'.repeat(20)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'target_too_long'],
    ['a target without an end', `GET /${'a'.repeat(100)}`, 'target_too_long'],
    ['a method without an end', 'G'.repeat(50), 'unknown_method'],
    ['three fields', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 1\r\n\r\n', 'complete'],
    ['four fields', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 1\r\nX: 1\r\n\r\n', 'too_many_fields'],
    ['two options', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: a,b\r\n\r\n', 'complete'],
    [
      'three options',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: a, b,c\r\n\r\n',
      'too_many_connection_options',
    ],
  ])('%s', (_name, text, expected) => {
    expect(outcome(text, false)).toBe(expected);
    expect(outcome(text, true)).toBe(expected);
  });

  test('the bytes of a head that comes byte by byte are moved a few times only', () => {
    const source = new HeldBytes(32 * 1024);
    const buffers = new Set<Buffer>();
    for (let count = 0; count < 32 * 1024; count += 1) {
      source.take(Buffer.of(1), 0);
      source.keep();
      buffers.add(source.bytes);
    }
    expect(buffers.size).toBeLessThan(10);
    expect(source.isFull).toBe(true);
  });

  test('no byte of a head that comes in pieces is looked at twice by the reader of fields', () => {
    const scan = vi.spyOn(FieldSection.prototype, 'scan');
    const text = Buffer.from(sized(120));
    const head = new RequestHead(limits);
    for (let at = 0; at < text.length; at += 7) head.read(Buffer.from(text.subarray(at, at + 7)), 0);
    const looks = scan.mock.calls.map(([, base, from, end]) => [from - base, end - base]);
    scan.mockRestore();
    expect(looks[0]?.[0]).toBe('GET / HTTP/1.1\r\n'.length);
    expect(looks.at(-1)?.[1]).toBe(120);
    for (const [index, [from]] of looks.entries()) if (index > 0) expect(from).toBe(looks[index - 1]?.[1]);
  });
});

test('fields are found by number, by name and by place', () => {
  const { fields } = withFields('Cookie: a=1\r\nX-Own: 1\r\ncookie: b=2\r\nx-own:2');
  expect(fields.find(fieldId('cookie'))).toBe(1);
  expect(fields.find(fieldId('cookie'), 2)).toBe(3);
  expect(fields.find(fieldId('via'))).toBe(-1);
  expect(fields.valuesOf('cookie')).toEqual(['a=1', 'b=2']);
  expect(fields.valuesOf('x-own')).toEqual(['1', '2']);
  expect(fields.valueIs(1, 'a=1')).toBe(true);
  expect(fields.valueIs(1, 'a=2')).toBe(false);
});

test('the Host of each head of a connection is its own, however like the one before', () => {
  const head = new RequestHead();
  const hosts = [
    'a.example',
    'a.example',
    'A.example',
    'a.exampl',
    'a.example:1',
    'b'.repeat(9),
    'x'.repeat(500),
    'a.example',
  ];
  for (const host of hosts) {
    head.clear();
    head.read(Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1'), 0);
    expect(head.host).toBe(host);
  }
});
