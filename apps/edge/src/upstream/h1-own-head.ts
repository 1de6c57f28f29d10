import { fieldLines } from '@postern/http1';
import type { UpstreamRequest } from './attempt.ts';
import type { Field } from './fields.ts';

// Not imported: as an ES module node:http makes Node load its fetch as well, 70 ms of each start.
const KNOWN_METHODS = new Set(process.getBuiltinModule('node:http').METHODS);
/** Methods that are not expected to have a body, and so need not say that they have none (RFC 9110 section 8.6). */
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);
const LINE_END = Buffer.from('\r\n', 'latin1');

/** Whether a request without a body says so. */
export function saysEmpty(method: string): boolean {
  return !BODILESS.has(method);
}

/** The head of a request whose fields are strings. Throws TypeError for what no head can hold. */
export function writeOwnRequestHead(request: UpstreamRequest, host: string): Buffer {
  const { method, path } = request;
  if (!KNOWN_METHODS.has(method)) throw new TypeError('not a method that can be sent');
  if (!/^[\u0021-\u007e]+$/.test(path)) throw new TypeError('not a target that can be sent');
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n`, 'latin1'),
    fieldLines([['Host', host], ...request.fields(), ...framingOf(request)]),
    LINE_END,
  ]);
}

function framingOf(request: UpstreamRequest): Field[] {
  const fields: Field[] = [];
  if (request.websocket) fields.push(['Connection', 'Upgrade'], ['Upgrade', 'websocket']);
  if (request.expectContinue) fields.push(['Expect', '100-continue']);
  if (request.body.kind === 'sized') fields.push(['Content-Length', String(request.body.bytes)]);
  else if (request.body.kind === 'streamed') fields.push(['Transfer-Encoding', 'chunked']);
  else if (saysEmpty(request.method)) fields.push(['Content-Length', '0']);
  return fields;
}
