import { type PosternError, problemDocumentOf, renderProblem } from '@postern/contracts/plain';
import type { Field } from '../upstream/fields.ts';
import type { Exchange } from './exchange.ts';

/** Answers with problem details (RFC 9457) and gives the number of body bytes; `extra` fields (CORS, a challenge) are added. */
export function answerProblem(
  exchange: Exchange,
  error: PosternError,
  extra: readonly Field[],
  close: boolean,
): { status: number; bytes: number } {
  const document = problemDocumentOf(error, exchange.id);
  const body = Buffer.from(renderProblem(document));
  const hasBody = exchange.method !== 'HEAD';
  const writer = exchange.respond(
    document.status,
    [
      ['server', 'postern'],
      ['content-type', 'application/problem+json'],
      ['content-length', String(body.length)],
      ['cache-control', 'no-store'],
      ...(error.retryAfterSeconds === undefined
        ? []
        : [['retry-after', String(error.retryAfterSeconds)] satisfies Field]),
      ...extra,
    ],
    { hasBody, close },
  );
  if (hasBody) writer.write(body);
  exchange.end([]);
  return { status: document.status, bytes: hasBody ? body.length : 0 };
}

/** Answers with a head alone. */
export function answerEmpty(exchange: Exchange, status: number, extra: readonly Field[]): void {
  exchange.respond(status, [['server', 'postern'], ...extra], { hasBody: false, close: false });
  exchange.end([]);
}
