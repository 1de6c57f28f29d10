/** What a CA answered in place of what was asked for (RFC 8555 section 6.7). */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';
  /** Without the prefix `urn:ietf:params:acme:error:`; empty where the answer was no problem document. */
  readonly type: string;
  readonly status: number;
  /** Milliseconds since 1970, from Retry-After; null where the answer had none. */
  readonly retryAt: number | null;

  constructor(
    answer: { type: string; detail: string; status: number; retryAt: number | null },
    options: ErrorOptions = {},
  ) {
    super(answer.detail, options);
    this.type = answer.type;
    this.status = answer.status;
    this.retryAt = answer.retryAt;
  }
}

/** No answer came from the CA: it could not be reached, or not be trusted. */
export class AcmeUnreachable extends Error {
  override readonly name = 'AcmeUnreachable';
}

const PREFIX = 'urn:ietf:params:acme:error:';
const TEXT_CHARS_MAX = 300;

/** A problem document, or one that stands inside an order, authorization or challenge, in one line. */
export function readProblem(value: unknown): { type: string; detail: string } {
  const problem = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const type = typeof problem.type === 'string' ? problem.type.replace(PREFIX, '') : '';
  const parts = Array.isArray(problem.subproblems) ? problem.subproblems : [];
  const details = [problem, ...parts].flatMap((part) => {
    const detail = (part as { detail?: unknown }).detail;
    return typeof detail === 'string' ? [detail] : [];
  });
  return { type, detail: oneLine(details.join('; ')) };
}

/** Text of a CA as it may stand in a message: one line, bounded, without control characters. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0020\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, TEXT_CHARS_MAX);
}
