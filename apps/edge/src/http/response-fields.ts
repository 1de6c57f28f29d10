import {
  createFieldFilter,
  type FieldFilter,
  type FieldLines,
  fieldLines,
  responsePairs,
} from '@postern/http1';
import type { UpstreamResponse } from '../upstream/attempt.ts';
import { type Field, hopByHopNames } from '../upstream/fields.ts';
import { DECIDED_BY_POLICY, isDecidedByPolicy } from './cors.ts';
import type { DecidedAnswer } from './exchange.ts';

const SERVER: Field = ['server', 'postern'];
const UPSTREAM_MS = 'x-postern-upstream-ms';

/** The fields a client gets of an upstream's answer: end-to-end ones, with ours in the place of those that the edge decides. */
export function responseFields(response: UpstreamResponse, decided: DecidedAnswer): Field[] {
  const { http1Head, status } = response;
  const kept =
    http1Head === null
      ? keptFields(response, decided)
      : responsePairs(http1Head, filterOfAnswers(decided), isEmptyByStatus(status));
  kept.push(SERVER, [UPSTREAM_MS, String(decided.upstreamMs)]);
  if (decided.cors !== null) kept.push(...decided.cors);
  return kept;
}

function keptFields(response: UpstreamResponse, decided: DecidedAnswer): Field[] {
  const fields = response.fields.toPairs();
  const hop = hopByHopNames(fields);
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    if (hop(lower) || lower === 'server' || lower === UPSTREAM_MS) return false;
    if (lower === 'content-length' && isEmptyByStatus(response.status)) return false;
    return decided.cors === null || !isDecidedByPolicy(lower);
  });
}

function fieldsOfEdge({ upstreamMs, cors }: DecidedAnswer): Field[] {
  return [SERVER, [UPSTREAM_MS, String(upstreamMs)], ...(cors ?? [])];
}

const filter = createFieldFilter({ names: ['server'], aliasedNames: [UPSTREAM_MS] });
const filterWithPolicy = createFieldFilter({
  names: ['server', ...DECIDED_BY_POLICY],
  aliasedNames: [UPSTREAM_MS],
});

/** Which fields of an answer that came as HTTP/1.1 stay behind, besides those of its hop: `responseFields` as bytes, with `linesOfAnswer`. */
export function filterOfAnswers({ cors }: DecidedAnswer): FieldFilter {
  return cors === null ? filter : filterWithPolicy;
}

/** Lines without CORS by the milliseconds of the upstream, for those that nearly all answers take. */
const KNOWN_LINES_MAX = 1_000;
const knownLines = new Array<FieldLines | undefined>(KNOWN_LINES_MAX);

/** What the edge says in the head of an answer, in a list to which lines can be added. */
export function linesOfAnswer(decided: DecidedAnswer): FieldLines[] {
  const { upstreamMs, cors } = decided;
  if (cors !== null || upstreamMs >= KNOWN_LINES_MAX) return [fieldLines(fieldsOfEdge(decided))];
  let lines = knownLines[upstreamMs];
  if (lines === undefined) {
    lines = fieldLines(fieldsOfEdge(decided));
    knownLines[upstreamMs] = lines;
  }
  return [lines];
}

/** The fields of an upstream's informational answer that go on (RFC 9110 section 15.2). */
export function informationalFields(fields: readonly Field[]): Field[] {
  const hop = hopByHopNames(fields);
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !hop(lower) && lower !== 'content-length';
  });
}

/**
 * Whether a status means that there is no content, whatever an upstream says of its length: passed on, that length would make a
 * client take the beginning of the next answer for it (RFC 9110 sections 8.6 and 15.3.6).
 */
function isEmptyByStatus(status: number): boolean {
  return status < 200 || status === 204 || status === 205;
}

/** Whether an answer has content (RFC 9110 section 6.4.1). */
export function answerHasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 304 && !isEmptyByStatus(status);
}
