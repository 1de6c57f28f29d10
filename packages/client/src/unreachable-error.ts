/** Why no answer of a Postern API came. */
export type UnreachableReason = 'refused' | 'unknown_host' | 'timeout' | 'network' | 'not_postern';

/** No answer, or an answer that is not Postern's; the message names the address and what to look at. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly reason: UnreachableReason;

  constructor(reason: UnreachableReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** Says why a fetch threw. */
export function unreachableErrorOf(thrown: unknown, url: string, timeoutMs: number): UnreachableError {
  const options = { cause: thrown };
  if (thrown instanceof Error && (thrown.name === 'TimeoutError' || thrown.name === 'AbortError')) {
    return new UnreachableError('timeout', `${url} did not answer within ${timeoutMs} ms`, options);
  }
  if (thrown instanceof SyntaxError) return notPostern(url, options);
  const code = codeOf(thrown);
  if (code === 'ECONNREFUSED') {
    return new UnreachableError('refused', `nothing listens at ${url}`, options);
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new UnreachableError('unknown_host', `the host of ${url} cannot be resolved`, options);
  }
  const why = code === undefined ? '' : ` (${code})`;
  return new UnreachableError('network', `the connection to ${url} failed${why}`, options);
}

/** Something answers at the address, but not as a Postern API does. */
export function notPostern(url: string, options?: { cause?: unknown }): UnreachableError {
  return new UnreachableError('not_postern', `what answers at ${url} is not a Postern API`, options);
}

function codeOf(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') return error.code;
    // Several addresses of a name were tried: the first failure stands for all.
    if (error instanceof AggregateError) return codeOf(error.errors[0]);
  }
  return undefined;
}
