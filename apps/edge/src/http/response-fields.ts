import type { UpstreamResponse } from '../upstream/attempt.ts';
import { type Field, hopByHopNames } from '../upstream/fields.ts';
import { isDecidedByPolicy } from './cors.ts';

/** The fields a client gets of an upstream's answer: end-to-end ones, with ours in the place of those that the edge decides. */
export function responseFields(
  response: UpstreamResponse,
  options: { readonly upstreamMs: number; readonly cors: readonly Field[] | null },
): Field[] {
  const hop = hopByHopNames(response.fields);
  const kept = response.fields.filter(([name]) => {
    const lower = name.toLowerCase();
    if (hop(lower) || lower === 'server' || lower === 'x-postern-upstream-ms') return false;
    if (lower === 'content-length' && isEmptyByStatus(response.status)) return false;
    return options.cors === null || !isDecidedByPolicy(lower);
  });
  return [
    ...kept,
    ['server', 'postern'],
    ['x-postern-upstream-ms', String(options.upstreamMs)],
    ...(options.cors ?? []),
  ];
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
