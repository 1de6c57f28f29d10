import { PosternError, PROBLEMS, problemDocumentOf, renderProblem } from '@postern/contracts';

/** Turns whatever was thrown into an error of the catalogue; what is not one is `internal`, kept as its cause for the log. */
export function posternErrorOf(thrown: unknown): PosternError {
  return thrown instanceof PosternError ? thrown : new PosternError('internal', { cause: thrown });
}

/** Answers an error as problem+json (RFC 9457), without anything that is for the log only. */
export function answerProblem(error: PosternError, requestId: string): Response {
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  if (error.code === 'unauthorized') headers.set('www-authenticate', 'Bearer realm="postern"');
  if (error.retryAfterSeconds !== undefined) headers.set('retry-after', String(error.retryAfterSeconds));
  return new Response(renderProblem(problemDocumentOf(error, requestId)), {
    status: PROBLEMS[error.code].status,
    headers,
  });
}
