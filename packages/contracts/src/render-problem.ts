import type { ProblemDocument } from './problem-document.ts';
import { type PosternError, PROBLEMS } from './problems.ts';

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
