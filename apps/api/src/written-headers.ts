import type { Written } from '@postern/store';
import { entityTagOf } from './entity-tag.ts';

/** Headers of an answer to a write: its entity tag, the revision that carries it, the job that completes it, and where a new resource is. */
export function writtenHeaders(
  written: Written<unknown>,
  resource: { readonly id: string; readonly version: number },
  location?: string,
): Record<string, string> {
  return {
    etag: entityTagOf(resource),
    'postern-revision': String(written.revision),
    ...(written.job === null ? {} : { 'postern-job': written.job }),
    ...(location === undefined || !written.created ? {} : { location }),
  };
}

/** The answer to a delete: no content, and the revision from which edges see it. */
export function answerDeleted(revision: number): Response {
  return new Response(null, {
    status: 204,
    headers: { 'cache-control': 'no-store', 'postern-revision': String(revision) },
  });
}
