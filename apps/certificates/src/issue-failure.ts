import type { CertificateError, CertificateReason } from '@postern/contracts';

/** Why a certificate could not be got for now, in words an operator can act on. */
export class IssueFailure extends Error {
  override readonly name = 'IssueFailure';
  readonly code: CertificateReason;
  /** The problem type of the CA; null where no CA spoke. */
  readonly problemType: string | null;
  /** Milliseconds since 1970 before which trying again is of no use; null: the usual back-off. */
  readonly retryAt: number | null;

  constructor(
    code: CertificateReason,
    detail: string,
    more: { problemType?: string | null; retryAt?: number | null; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.problemType = more.problemType ?? null;
    this.retryAt = more.retryAt ?? null;
  }
}

/** Characters of `detail` that are kept. */
const DETAIL_CHARS_MAX = 1000;

/** A failure as it is stored and shown; `at` is milliseconds since 1970. What nobody foresaw reads as `internal`. */
export function certificateErrorOf(error: unknown, at: number): CertificateError {
  if (error instanceof IssueFailure) {
    return {
      code: error.code,
      detail: error.message.slice(0, DETAIL_CHARS_MAX),
      problemType: error.problemType,
      at,
    };
  }
  const detail = `Postern failed while it asked for the certificate; its log says more: ${String(error)}`;
  return { code: 'internal', detail: detail.slice(0, DETAIL_CHARS_MAX), problemType: null, at };
}
