/** Requests as real programs send them. */
export const REAL_REQUESTS: readonly string[] = [
  'GET / HTTP/1.1\r\nHost: shop.example.org\r\nUser-Agent: curl/8.9.1\r\nAccept: */*\r\n\r\n',
  'GET /app/index.html?q=1&r=%20x HTTP/1.1\r\nHost: shop.example.org\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n' +
    'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: "Linux"\r\nUpgrade-Insecure-Requests: 1\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n' +
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n' +
    'Sec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n' +
    'Cookie: session=7f0c1a9e5b6d4f; theme=dark; _ga=GA1.2.1\r\nIf-None-Match: "33a64df5"\r\n\r\n',
  'POST /api/items HTTP/1.1\r\nhost: api.example.org:8443\r\ncontent-type: application/json\r\nauthorization: Bearer abc.def\r\ncontent-length: 13\r\n\r\n{"item":"ab"}',
  'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX-Sum: 9\r\nX-More:\r\n\r\n',
  'PUT /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b;c="d;\\"";e\r\nhi\r\n0\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET https://shop.example.org/a?b HTTP/1.1\r\nHost: shop.example.org\r\n\r\n',
  'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  'HEAD /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
  'DELETE /x HTTP/1.1\r\nHost: [::1]:8443\r\nX-A:\t padded \t\r\nX-Empty:\r\nX-Latin: caf\xe9\r\nConnection: close, X-A\r\n\r\n',
];

/** Requests with fields that must not go on: of one hop, named by Connection, claims of an identity. */
export const HOP_REQUESTS: readonly string[] = [
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nX-Forwarded-For: forged\r\nx.forwarded-for: forged\r\nClient_Cert: forged\r\nclient-cert: forged\r\nX-Kept: 1\r\n\r\n',
  'POST /a HTTP/1.1\r\nHost: a\r\nX-Named: 1\r\nConnection: x-named\r\nTE: trailers\r\nContent-Length: 3\r\nKeep-Alive: 5\r\n\r\nabc',
];

const BODY_AND_SMUGGLED = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (lines: string, body = BODY_AND_SMUGGLED): string =>
  `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`;
const get = (lines: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
const chunks = (body: string): string =>
  post('Transfer-Encoding: chunked', `${body}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`);

/** Requests that two programs may read in two ways: one row for each way, all to be refused. */
export const AMBIGUOUS_REQUESTS: readonly (readonly [name: string, bytes: string, fault: string])[] = [
  [
    'Content-Length and Transfer-Encoding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked'),
    'framing_conflict',
  ],
  [
    'Transfer-Encoding and Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5'),
    'framing_conflict',
  ],
  ['Transfer-Encoding: identity, chunked', post('Transfer-Encoding: identity, chunked'), 'transfer_coding'],
  ['Transfer-Encoding: chunked, identity', post('Transfer-Encoding: chunked, identity'), 'transfer_coding'],
  ['Transfer-Encoding: gzip, chunked', post('Transfer-Encoding: gzip, chunked'), 'transfer_coding'],
  ['Transfer-Encoding: chunked, chunked', post('Transfer-Encoding: chunked, chunked'), 'transfer_coding'],
  [
    'two Transfer-Encodings',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
    'transfer_coding',
  ],
  [
    'two Transfer-Encodings, one odd',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: x'),
    'transfer_coding',
  ],
  ['Transfer-Encoding: xchunked', post('Transfer-Encoding: xchunked'), 'transfer_coding'],
  ['Transfer-Encoding: chunked;q=1', post('Transfer-Encoding: chunked;q=1'), 'transfer_coding'],
  ['Transfer-Encoding: "chunked"', post('Transfer-Encoding: "chunked"'), 'transfer_coding'],
  ['an empty Transfer-Encoding', post('Transfer-Encoding:'), 'transfer_coding'],
  ['Transfer-Encoding behind a tab', post('Transfer-Encoding:\tchunked'), 'framing_whitespace'],
  ['Transfer-Encoding before a tab', post('Transfer-Encoding: chunked\t'), 'framing_whitespace'],
  ['Transfer-Encoding before a space', post('Transfer-Encoding: chunked '), 'framing_whitespace'],
  ['Content-Length behind two spaces', post('Content-Length:  4', 'abcd'), 'framing_whitespace'],
  ['Transfer-Encoding with a vertical tab', post('Transfer-Encoding: \x0bchunked'), 'field_value'],
  ['Transfer-Encoding folded', post('Transfer-Encoding:\r\n chunked'), 'folded_line'],
  [
    'Transfer-Encoding on HTTP/1.0',
    'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'transfer_coding_on_http10',
  ],
  ['two Content-Lengths', post('Content-Length: 4\r\nContent-Length: 5', 'abcde'), 'content_length_repeated'],
  [
    'two equal Content-Lengths',
    post('Content-Length: 4\r\nContent-Length: 4', 'abcd'),
    'content_length_repeated',
  ],
  ['Content-Length: 4, 4', post('Content-Length: 4, 4', 'abcd'), 'content_length'],
  ['Content-Length: +4', post('Content-Length: +4', 'abcd'), 'content_length'],
  ['Content-Length: -4', post('Content-Length: -4', 'abcd'), 'content_length'],
  ['Content-Length: 0x4', post('Content-Length: 0x4', 'abcd'), 'content_length'],
  ['Content-Length: 04', post('Content-Length: 04', 'abcd'), 'content_length'],
  ['Content-Length: 4 4', post('Content-Length: 4 4', 'abcd'), 'content_length'],
  ['Content-Length: 1e1', post('Content-Length: 1e1', 'abcd'), 'content_length'],
  ['an empty Content-Length', post('Content-Length:', 'abcd'), 'content_length'],
  ['Content-Length over 64 bits', post('Content-Length: 18446744073709551620', 'abcd'), 'content_length'],
  ['a space before the colon', get('Content-Length : 5'), 'field_name'],
  ['a tab before the colon', get('Content-Length\t: 5'), 'field_name'],
  ['an underlined look-alike in a broken line', get('Content_Length'), 'field_name'],
  ['a name with a NUL', get('X\0-A: 1'), 'field_name'],
  ['an empty name', get(': 1'), 'field_name'],
  ['obs-fold', get('X-A: 1\r\n folded'), 'folded_line'],
  ['whitespace before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'folded_line'],
  ['bare LF everywhere', 'GET / HTTP/1.1\nHost: a\n\n', 'line_end'],
  ['bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n', 'line_end'],
  ['bare LF at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'line_end'],
  ['bare CR in a value', get('X-A: 1\rTransfer-Encoding: chunked'), 'line_end'],
  ['CR CR LF', get('X-A: 1\r\r\nX-B: 2'), 'line_end'],
  ['NUL in a value', get('X-A: a\0b'), 'field_value'],
  ['DEL in a value', get('X-A: a\x7fb'), 'field_value'],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 'host_repeated'],
  ['no Host', 'GET / HTTP/1.1\r\nX: 1\r\n\r\n', 'host_missing'],
  ['no Host on HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'host_missing'],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 'host'],
  ['Host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'host'],
  ['Host list', 'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n', 'host'],
  ['Host with user', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 'host'],
  ['Host with path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'host'],
  ['HTTP/0.9', 'GET /\r\n\r\n', 'request_line'],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 'version'],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 'version'],
  ['http/1.1 in lower case', 'GET / http/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['HTTP/1.10', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n', 'request_line'],
  ['HTTP/01.1', 'GET / HTTP/01.1\r\nHost: a\r\n\r\n', 'version'],
  ['two spaces before the target', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['two spaces behind the target', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['a space behind the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 'request_line'],
  ['a tab in place of a space', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['a space before the method', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['a control character in the target', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['a byte beyond ASCII in the target', 'GET /caf\xe9 HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['a target without a slash', 'GET a HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['authority form', 'GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['asterisk with GET', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['an absolute target of another scheme', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['an absolute target with user', 'GET https://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['an absolute target with a backslash', 'GET https://a\\b/ HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['an absolute target without a host', 'GET https:///x HTTP/1.1\r\nHost: a\r\n\r\n', 'target'],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 'connect'],
  ['a method in lower case', 'get / HTTP/1.1\r\nHost: a\r\n\r\n', 'unknown_method'],
  ['an unknown method', 'SMUGGLE / HTTP/1.1\r\nHost: a\r\n\r\n', 'unknown_method'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'unknown_method'],
  ['two empty lines before the request', '\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['a bare LF before the request', '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'request_line'],
  ['another expectation', post('Expect: something\r\nContent-Length: 1', 'a'), 'expectation'],
  ['chunk size that is none', chunks('zz\r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['an empty chunk size', chunks('\r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['chunk size -2', chunks('-2\r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['chunk size 0x2', chunks('0x2\r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['chunk size with spaces', chunks('2  \r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['chunk size with a leading space', chunks(' 2\r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['chunk size over 64 bits', chunks('10000000000000002\r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['chunk size over 32 bits', chunks('100000002\r\nhi\r\n0\r\n\r\n'), 'chunk_size'],
  ['chunk size line with a bare LF', chunks('2\nhi\r\n0\r\n\r\n'), 'line_end'],
  ['chunk size line with a bare CR', chunks('2\rhi\r\n0\r\n\r\n'), 'line_end'],
  ['chunk data with a bare LF behind', chunks('2\r\nhi\n0\r\n\r\n'), 'chunk_end'],
  ['chunk data with another byte in place of the CR', chunks('2\r\nhiX\n0\r\n\r\n'), 'chunk_end'],
  ['chunk data with another byte in place of the LF', chunks('2\r\nhi\rX0\r\n\r\n'), 'chunk_end'],
  ['another byte in place of the last LF of a chunked body', chunks('2\r\nhi\r\n0\r\n\rX'), 'line_end'],
  ['chunk data longer than their size', chunks('2\r\nhiXX0\r\n\r\n'), 'chunk_end'],
  ['chunk extension with a bare LF', chunks('2;a\nhi\r\n0\r\n\r\n'), 'line_end'],
  ['chunk extension with a bare CR', chunks('2;a\rb\r\nhi\r\n0\r\n\r\n'), 'line_end'],
  ['chunk extension with a space', chunks('2; a\r\nhi\r\n0\r\n\r\n'), 'chunk_extension'],
  ['chunk extension that is empty', chunks('2;\r\nhi\r\n0\r\n\r\n'), 'chunk_extension'],
  ['chunk extension with an open quote', chunks('2;a="b\r\nhi\r\n0\r\n\r\n'), 'chunk_extension'],
  ['the last chunk with a bare LF', chunks('0\n\r\n'), 'line_end'],
  ['Content-Length in the trailers', chunks('0\r\nContent-Length: 5\r\n\r\n'), 'framing_in_trailers'],
  ['Connection in the trailers', chunks('0\r\nConnection: close\r\n\r\n'), 'framing_in_trailers'],
  [
    'Transfer-Encoding in the trailers',
    chunks('0\r\nTransfer-Encoding: chunked\r\n\r\n'),
    'framing_in_trailers',
  ],
  ['HTTP/1.x', 'GET / HTTP/1.x\r\nHost: a\r\n\r\n', 'request_line'],
  ['a folded trailer', chunks('0\r\nX: 1\r\n 2\r\n\r\n'), 'folded_line'],
  ['a trailer with a space before its colon', chunks('0\r\nX : 1\r\n\r\n'), 'field_name'],
];

const answer = (lines: string, body = ''): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${body}`;

/** Answers as real servers send them. */
export const REAL_RESPONSES: readonly string[] = [
  answer(
    'Server: nginx\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: keep-alive\r\nETag: "a"',
    'hello',
  ),
  answer(
    'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2',
    '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
  ),
  answer('Content-Type: text/plain\r\nConnection: close', 'until the end'),
  'HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 120\r\nETag: "a"\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi',
  'HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok',
  'HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 500 Fehler \xfc\r\nContent-Length: 3\r\n\r\nerr',
];

/** Answers that a client could read in two ways, all to be refused. */
export const AMBIGUOUS_RESPONSES: readonly (readonly [name: string, bytes: string, fault: string])[] = [
  [
    'Content-Length and Transfer-Encoding',
    answer('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
    'framing_conflict',
  ],
  ['two Content-Lengths', answer('Content-Length: 2\r\nContent-Length: 2', 'ok'), 'content_length_repeated'],
  ['a list of lengths', answer('Content-Length: 2, 2', 'ok'), 'content_length'],
  ['Transfer-Encoding: gzip', answer('Transfer-Encoding: gzip', 'x'), 'transfer_coding'],
  [
    'Transfer-Encoding: gzip, chunked',
    answer('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'),
    'transfer_coding',
  ],
  [
    'Transfer-Encoding on HTTP/1.0',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'transfer_coding_on_http10',
  ],
  [
    'Transfer-Encoding with 204',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'framing_on_empty',
  ],
  [
    'Transfer-Encoding with 103',
    'HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n',
    'framing_on_empty',
  ],
  [
    'Transfer-Encoding before a tab',
    answer('Transfer-Encoding: chunked\t', '0\r\n\r\n'),
    'framing_whitespace',
  ],
  [
    'an interim answer that closes',
    'HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n',
    'closing_interim',
  ],
  ['an interim answer on HTTP/1.0', 'HTTP/1.0 100 Continue\r\n\r\n', 'closing_interim'],
  ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'line_end'],
  ['obs-fold', answer('X: 1\r\n 2\r\nContent-Length: 0'), 'folded_line'],
  ['a space before the colon', answer('Content-Length : 0'), 'field_name'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'status_line'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'status_line'],
  ['status 099', 'HTTP/1.1 099 OK\r\n\r\n', 'status_line'],
  ['status 600', 'HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n', 'status_line'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n', 'status_line'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'status_line'],
  ['HTTP/1.x', 'HTTP/1.x 200 OK\r\nContent-Length: 0\r\n\r\n', 'status_line'],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n', 'status_line'],
  ['a control character in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', 'status_line'],
  ['a body that breaks off', answer('Content-Length: 5', 'hel'), 'truncated'],
  ['chunks that break off', answer('Transfer-Encoding: chunked', '5\r\nhello\r\n'), 'truncated'],
];
