import { describe, expect, test } from 'vitest';
import { ResponseHead } from './response-head.ts';
import { AMBIGUOUS_RESPONSES } from './testing/corpus.ts';
import { readMessages } from './testing/read-messages.ts';
import { relayFraming } from './write-head.ts';

function read(text: string): ResponseHead {
  const head = new ResponseHead();
  const bytes = Buffer.from(text, 'latin1');
  expect(head.read(bytes, 0)).toBe(bytes.length);
  return head;
}

test.each(AMBIGUOUS_RESPONSES)('%s is refused, whole and byte by byte', (_name, text, fault) => {
  const bytes = Buffer.from(text, 'latin1');
  const bytewise = Array.from(bytes, (_, index) => index);
  for (const cuts of [[], bytewise]) {
    expect(readMessages(bytes, cuts, { kind: 'responses', method: 'GET' }).fault).toBe(fault);
  }
});

test.each([
  ['HTTP/1.1 200 OK', 200, 'OK'],
  ['HTTP/1.1 404 ', 404, ''],
  ['HTTP/1.1 404', 404, ''],
  ['HTTP/1.0 500 very  odd \xfc', 500, 'very  odd \xfc'],
])('RFC 9112 section 4: %s', (line, status, reason) => {
  const head = read(`${line}\r\nContent-Length: 0\r\n\r\n`);
  expect([head.status, head.reason, head.minor]).toEqual([status, reason, line[7] === '1' ? 1 : 0]);
});

describe('RFC 9112 section 6.3: body, connection, and framing towards clients of HTTP/1.1 and HTTP/1.0', () => {
  test.each([
    ['GET', '200 OK', 'Content-Length: 5', 'length', true, 'length', 'length'],
    ['GET', '200 OK', 'Content-Length: 0', 'none', true, 'length', 'length'],
    ['GET', '200 OK', 'Transfer-Encoding: chunked', 'chunked', true, 'chunked', 'close'],
    ['GET', '200 OK', 'X: 1', 'close', false, 'chunked', 'close'],
    ['GET', '200 OK', 'Connection: close\r\nContent-Length: 5', 'length', false, 'length', 'length'],
    ['HEAD', '200 OK', 'Content-Length: 5', 'none', false, 'none', 'none'],
    ['HEAD', '200 OK', 'Transfer-Encoding: chunked', 'none', false, 'none', 'none'],
    ['HEAD', '200 OK', 'X: 1', 'none', false, 'none', 'none'],
    ['GET', '204 No Content', 'X: 1', 'none', true, 'none', 'none'],
    ['GET', '204 No Content', 'Content-Length: 0', 'none', true, 'none', 'none'],
    ['GET', '204 No Content', 'Content-Length: 5', 'none', false, 'none', 'none'],
    ['GET', '205 Reset', 'Content-Length: 5', 'length', true, 'empty', 'empty'],
    ['GET', '205 Reset', 'X: 1', 'close', false, 'empty', 'empty'],
    ['GET', '304 Not Modified', 'Content-Length: 5', 'none', false, 'none', 'none'],
    ['GET', '304 Not Modified', 'Transfer-Encoding: chunked', 'none', false, 'none', 'none'],
    ['GET', '304 Not Modified', 'X: 1', 'none', true, 'none', 'none'],
    ['GET', '103 Early Hints', 'Link: </a>', 'none', true, 'none', 'none'],
  ] as const)('%s: %s with %s', (method, status, lines, kind, keeps, modern, old) => {
    const head = read(`HTTP/1.1 ${status}\r\n${lines}\r\n\r\n`);
    expect([head.bodyKind(method), head.keepsConnection(method)]).toEqual([kind, keeps]);
    expect([relayFraming(head, method, 1), relayFraming(head, method, 0)]).toEqual([modern, old]);
  });

  test('no connection is kept after HTTP/1.0, whatever it says', () => {
    const head = read('HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n');
    expect(head.keepsConnection('GET')).toBe(false);
  });
});

test('interim answers are told from final ones, and 101 from both', () => {
  const head = new ResponseHead();
  const bytes = Buffer.from(
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00',
    'latin1',
  );
  const next = head.read(bytes, 0);
  expect([head.status, head.isInterim]).toEqual([103, true]);
  head.clear();
  expect(head.read(bytes, next)).toBe(bytes.length - 2);
  expect([head.status, head.isInterim, head.fields.count]).toEqual([101, false, 1]);
});
