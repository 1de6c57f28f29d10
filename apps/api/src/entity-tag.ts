import { z } from '@hono/zod-openapi';
import { PosternError } from '@postern/contracts';

/** If-Match as the document describes it. */
export const versionHeader = z.object({
  'If-Match': z.string().optional().meta({
    description: 'The ETag read before, like "3"; the write is refused when the resource has changed since',
  }),
});

/** Headers of an answer that carries one resource. */
export const resourceHeaders = z.object({
  ETag: z.string().meta({ description: 'The version of the resource in double quotes' }),
});

const revisionHeaders = {
  'Postern-Revision': z.string().meta({ description: 'The revision from which edges see the write' }),
  'Postern-Job': z
    .string()
    .optional()
    .meta({ description: 'The job that recompiles further hosts, where there are too many for one write' }),
};

/** Headers of an answer to a write that leaves a resource. */
export const writeHeaders = z.object({ ...resourceHeaders.shape, ...revisionHeaders });

/** Headers of an answer to a write that creates a resource. */
export const createHeaders = z.object({
  ...writeHeaders.shape,
  Location: z.string().meta({ description: 'Path of the new resource' }),
});

/** Headers of an answer to a delete. */
export const deleteHeaders = z.object({ 'Postern-Revision': revisionHeaders['Postern-Revision'] });

/** Writes a version as a strong entity tag (RFC 9110 section 8.8.3). */
export function entityTagOf(version: number): string {
  return `"${version}"`;
}

/** Reads the version of If-Match; undefined without the header, `validation_failed` when it is not one strong tag of ours. */
export function readVersion(request: Request): number | undefined {
  const header = request.headers.get('if-match');
  if (header === null) return undefined;
  const match = /^"(\d{1,15})"$/.exec(header);
  if (match === null) {
    throw new PosternError('validation_failed', {
      detail: 'If-Match is one version in double quotes, like "3"',
      findings: [
        {
          severity: 'error',
          code: 'if_match',
          message: 'If-Match is one version in double quotes, like "3"',
          pointer: '',
        },
      ],
    });
  }
  return Number(match[1]);
}
