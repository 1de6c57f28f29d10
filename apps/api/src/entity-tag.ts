import { hash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { PosternError } from '@postern/contracts';
import { jsonTextOf } from './json-text.ts';

/** If-Match as the document describes it. */
export const versionHeader = z.object({
  'If-Match': z.string().optional().meta({
    description:
      'The ETag read before, or its version alone like "3"; the write is refused when it is not the present one',
  }),
});

/** If-None-Match of a create or put. */
export const absenceHeader = z.object({
  'If-None-Match': z.string().optional().meta({
    description: 'Only "*": the write is refused when anything of this name exists',
  }),
});

/** If-None-Match of a read. */
export const freshnessHeader = z.object({
  'If-None-Match': z.string().optional().meta({
    description: 'ETags read before: where one is the present one, the answer is 304 without a body',
  }),
});

/** Headers of an answer that carries one resource. */
export const resourceHeaders = z.object({
  ETag: z.string().meta({
    description:
      'Version, id and a hash of the whole resource, its status included: "3.1a2b3c4d.kDf0qa_x8VuWz-1B"',
  }),
});

const revisionHeaders = {
  'Postern-Revision': z.string().meta({ description: 'The revision from which edges see the write' }),
  'Postern-Job': z
    .string()
    .optional()
    .meta({ description: 'The job that recompiles further hosts, where there are too many for one write' }),
};

/** Headers of an answer to a write that leaves something without a version. */
export const changeHeaders = z.object(revisionHeaders);

/** Headers of an answer to a write that leaves a resource. */
export const writeHeaders = z.object({ ...resourceHeaders.shape, ...revisionHeaders });

/** Headers of an answer to a write that creates a resource. */
export const createHeaders = z.object({
  ...writeHeaders.shape,
  Location: z.string().meta({ description: 'Path of the new resource' }),
});

/** Headers of an answer to a delete. */
export const deleteHeaders = z.object({ 'Postern-Revision': revisionHeaders['Postern-Revision'] });

/** The version that a caller names; `ifId` is how the id of the resource it was read from begins. */
export interface Precondition {
  /** 0: nothing may exist. */
  readonly ifVersion?: number;
  readonly ifId?: string;
}

/**
 * Writes the strong entity tag (RFC 9110 section 8.8.3) of a resource. The hash covers what changes without a write as
 * well (status, users), so that a 304 never hides it; If-Match looks at version and id alone.
 */
export function entityTagOf(resource: { readonly id: string; readonly version: number }): string {
  const digest = hash('sha256', jsonTextOf(resource), 'base64url').slice(0, 16);
  return `"${resource.version}.${resource.id.slice(0, 8)}.${digest}"`;
}

/** True where one of the tags of If-None-Match is this one (weak comparison, RFC 9110 section 13.1.2), or it is "*". */
export function isFresh(request: Request, tag: string): boolean {
  const header = request.headers.get('if-none-match');
  if (header === null) return false;
  return header.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === tag);
}

/** Reads If-Match; `validation_failed` when it is not one strong tag of ours. */
export function readIfMatch(request: Request): Precondition {
  const header = request.headers.get('if-match');
  if (header === null) return {};
  const match = /^"([1-9]\d{0,14})(?:\.([0-9a-f]{8})\.[A-Za-z0-9_-]{16})?"$/.exec(header);
  if (match === null)
    throw refusalOf(
      'if_match',
      'If-Match is one ETag as it was read, or a version like "3" in double quotes',
    );
  return { ifVersion: Number(match[1]), ...(match[2] === undefined ? {} : { ifId: match[2] }) };
}

/** Reads If-None-Match of a create; `validation_failed` when it is not "*". */
export function readMustNotExist(request: Request): Precondition {
  const header = request.headers.get('if-none-match');
  if (header === null) return {};
  if (header.trim() !== '*') throw refusalOf('if_none_match', 'If-None-Match of a create is "*"');
  if (request.headers.has('if-match'))
    throw refusalOf('if_none_match', 'send either If-Match or If-None-Match');
  return { ifVersion: 0 };
}

function refusalOf(code: string, message: string): PosternError {
  const findings = [{ severity: 'error' as const, code, message, pointer: '' }];
  return new PosternError('validation_failed', { detail: message, findings });
}
