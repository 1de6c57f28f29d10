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
    // RFC 9110 section 8.6: no length without content.
    if (lower === 'content-length' && (response.status === 204 || response.status < 200)) return false;
    return options.cors === null || !isDecidedByPolicy(lower);
  });
  return [
    ...kept,
    ['server', 'postern'],
    ['x-postern-upstream-ms', String(options.upstreamMs)],
    ...(options.cors ?? []),
  ];
}

/** Whether an answer has content (RFC 9110 section 6.4.1). */
export function answerHasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 205 && status !== 304;
}
