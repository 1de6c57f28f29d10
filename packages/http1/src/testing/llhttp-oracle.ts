import { createRequire } from 'node:module';
import type { FieldPair } from '../field-section.ts';
import type { Direction, Reading, SeenMessage } from './read-messages.ts';

/** The part of Node's own binding to llhttp that is used here; the numbers are indexes of its callbacks. */
interface NodeParser {
  [callback: number]: (...values: never[]) => unknown;
  initialize(type: number, resource: object, headBytesMax: number): void;
  execute(bytes: Buffer): number | (Error & { code: string });
  finish(): undefined | (Error & { code: string });
  close(): void;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: NodeParserClass;
  methods: readonly string[];
};

/** Larger than any bound of ours, so that sizes are judged by ours alone. */
const HEAD_BYTES_MAX = 1024 * 1024;

type HeadersComplete = (
  major: number,
  minor: number,
  raw: string[] | undefined,
  method: number | undefined,
  url: string | undefined,
  status: number | undefined,
) => number;

/** Reads the same bytes with llhttp, by Node's own binding: strict, without a lenient flag, as node:http uses it. */
export function readWithLlhttp(bytes: Buffer, direction: Direction): Reading {
  const messages: SeenMessage[] = [];
  const parser = new HTTPParser();
  const isRequest = direction.kind === 'requests';
  parser.initialize(isRequest ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, HEAD_BYTES_MAX);
  let pending: string[] = [];
  let pendingUrl = '';
  let current: SeenMessage | undefined;
  parser[HTTPParser.kOnHeaders] = (raw: string[], url: string) => {
    pending.push(...raw);
    pendingUrl += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = ((major, minor, raw, method, url, status) => {
    current = {
      method: isRequest ? (methods[method ?? -1] ?? '') : '',
      target: isRequest ? (url ?? pendingUrl) : '',
      status: isRequest ? 0 : (status ?? 0),
      version: `${major}.${minor}`,
      fields: pairsOf(raw ?? pending),
      body: '',
      trailers: [],
      whole: false,
    };
    pending = [];
    pendingUrl = '';
    messages.push(current);
    return !isRequest && direction.method === 'HEAD' ? 1 : 0;
  }) satisfies HeadersComplete as never;
  parser[HTTPParser.kOnBody] = (data: Buffer) => {
    if (current !== undefined) current.body += data.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (current !== undefined) {
      current.trailers = pairsOf(pending);
      current.whole = true;
    }
    pending = [];
    pendingUrl = '';
    current = undefined;
  };
  const result = parser.execute(bytes);
  let fault = typeof result === 'number' ? null : result.code;
  if (fault === null && !isRequest) fault = parser.finish()?.code ?? null;
  parser.close();
  return { messages, fault, lastStart: 0, isOver: false };
}

function pairsOf(raw: readonly string[]): FieldPair[] {
  const pairs: FieldPair[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2)
    pairs.push([raw[index] ?? '', raw[index + 1] ?? '']);
  return pairs;
}
