import { PosternError, problemCodeOf } from '@postern/contracts/plain';
import { notPostern, UnreachableError, unreachableErrorOf } from './unreachable-error.ts';

interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * Waits for an answer of openapi-fetch and gives it when it is one of success; throws PosternError for a problem document
 * and UnreachableError for everything else.
 */
export async function readAnswer<A extends Answer>(
  answering: Promise<A>,
  url: string,
  timeoutMs: number,
): Promise<A> {
  let answer: A;
  try {
    answer = await answering;
  } catch (thrown) {
    throw thrown instanceof UnreachableError ? thrown : unreachableErrorOf(thrown, url, timeoutMs);
  }
  if (answer.response.ok) return answer;
  // Loaded here: a call that succeeds is quicker without the schemas.
  const { problemDocument } = await import('@postern/contracts');
  const problem = problemDocument.safeParse(answer.error);
  if (!problem.success) throw notPostern(url);
  const { code, conflict, detail, findings, reason, requestId, status, title } = problem.data;
  const retryAfter = answer.response.headers.get('retry-after');
  throw new PosternError(problemCodeOf(code), {
    detail: detail ?? title,
    context: { requestId, status, url },
    ...(conflict === undefined ? {} : { conflict }),
    ...(findings === undefined ? {} : { findings }),
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? { retryAfterSeconds: Number(retryAfter) } : {}),
  });
}
