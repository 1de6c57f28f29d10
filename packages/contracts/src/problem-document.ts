import { z } from 'zod';
import { writeConflict } from './field-changes.ts';
import { finding } from './findings.ts';
import { type PosternError, PROBLEMS } from './problems.ts';

/** RFC 9457 problem details as the API and the edge write them. */
export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    /** Reason word of a refusal (client_certificate_refused). */
    reason: z.string().optional(),
    /** Id of the refusal in the ledger (`postern refusal get ID`). */
    refusal: z.string().optional(),
    requestId: z.string().optional(),
    retryable: z.boolean(),
    /** Where the meaning stands: a file of Postern's documentation and the place in it. */
    docs: z.string().optional(),
    findings: z.array(finding).optional(),
    /** What stands in the way (already_exists, version_conflict). */
    conflict: writeConflict.optional(),
  })
  .meta({ id: 'Problem' });
export type ProblemDocument = z.infer<typeof problemDocument>;

/**
 * Writes an error as problem details (RFC 9457). `type` is a name that stays and resolves nowhere (section 3.1.1): a
 * relative reference would lead into the customer's own host.
 */
export function problemDocumentOf(error: PosternError, requestId?: string): ProblemDocument {
  const kind = PROBLEMS[error.code];
  return {
    type: `urn:postern:problem:${error.code}`,
    title: kind.title,
    status: kind.status,
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.refusal === undefined ? {} : { refusal: error.refusal }),
    ...(requestId === undefined ? {} : { requestId }),
    retryable: kind.retryable,
    docs: `docs/errors.md#${error.code}`,
    ...(error.conflict === undefined ? {} : { conflict: error.conflict }),
    ...(error.findings.length === 0 ? {} : { findings: [...error.findings] }),
  };
}

/** The document as it goes on the wire: JSON with a newline at its end, for terminals. */
export function renderProblem(document: ProblemDocument): string {
  return `${JSON.stringify(document)}\n`;
}
