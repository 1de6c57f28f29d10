import type { Written } from '@postern/store';
import { entityTagOf } from './entity-tag.ts';

/** Headers of an answer to a write: its version, the revision that carries it and the job that completes it. */
export function writtenHeaders(
  written: Written<{ readonly version: number }>,
  location?: string,
): Record<string, string> {
  return {
    etag: entityTagOf(written.record.version),
    'postern-revision': String(written.revision),
    ...(written.job === null ? {} : { 'postern-job': written.job }),
    ...(location === undefined ? {} : { location }),
  };
}

/** The answer to a delete: no content, and the revision from which edges see it. */
export function answerDeleted(revision: number): Response {
  return new Response(null, {
    status: 204,
    headers: { 'cache-control': 'no-store', 'postern-revision': String(revision) },
  });
}
