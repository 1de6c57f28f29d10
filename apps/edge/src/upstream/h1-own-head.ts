import { type FieldLines, fieldLines, fieldText, METHODS } from '@postern/http1';
import type { UpstreamRequest } from './attempt.ts';
import type { Field } from './fields.ts';

const KNOWN_METHODS = new Set(METHODS);
/** Methods that are not expected to have a body, and so need not say that they have none (RFC 9110 section 8.6). */
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

const hostLines = new Map<string, FieldLines>();
const HOST_LINES_MAX = 1_000;

/** The field Host of a target's name: those come from the services, and are few. */
export function hostLineOf(host: string): FieldLines {
  let line = hostLines.get(host);
  if (line === undefined) {
    if (hostLines.size >= HOST_LINES_MAX) hostLines.clear();
    line = fieldLines([['Host', host]]);
    hostLines.set(host, line);
  }
  return line;
}

/** Whether a request without a body says so. */
export function saysEmpty(method: string): boolean {
  // What most requests are, without a look into the set.
  return method !== 'GET' && !BODILESS.has(method);
}

/** The head of a request whose fields are strings. Throws TypeError for what no head can hold. */
export function writeOwnRequestHead(request: UpstreamRequest, host: string): Buffer {
  return headOf(request, fieldText([['Host', host], ...request.fields()]), []);
}

/** The same from some fields as strings, and others as lines. `hostLine` null: the client's own authority. */
export function writeHeadWithLines(
  request: UpstreamRequest,
  hostLine: FieldLines | null,
  fields: readonly Field[],
  lines: readonly FieldLines[],
): Buffer {
  const host = hostLine?.toString('latin1') ?? fieldText([['Host', request.clientAuthority]]);
  return headOf(request, host + fieldText(fields), lines);
}

function headOf(request: UpstreamRequest, fieldLines: string, lines: readonly FieldLines[]): Buffer {
  const { method, path } = request;
  if (!KNOWN_METHODS.has(method)) throw new TypeError('not a method that can be sent');
  if (!/^[\u0021-\u007e]+$/.test(path)) throw new TypeError('not a target that can be sent');
  const text = `${method} ${path} HTTP/1.1\r\n${fieldLines}${fieldText(framingOf(request))}`;
  const bytes = lines.reduce((sum, { length }) => sum + length, text.length + 2);
  const head = Buffer.allocUnsafe(bytes);
  let at = head.write(text, 0, 'latin1');
  for (const line of lines) at += line.copy(head, at);
  head.write('\r\n', at, 'latin1');
  return head;
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
