import { PosternError } from '@postern/contracts';
import { type Context, Hono } from 'hono';
import { answerProblem, posternErrorOf } from './answer-problem.ts';
import type { ApiParts } from './api-parts.ts';
import { authenticate } from './authenticate.ts';
import { makeOpenApiDocument, renderOpenApiDocument } from './openapi-document.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations/index.ts';
import { DOCS_PAGE_POLICY, renderDocsPage } from './render-docs-page.ts';
import { requestIdOf } from './request-id.ts';

/** Characters of a path in a log line. */
const LOGGED_PATH_CHARS_MAX = 256;
/** Operations that come every few seconds: they are logged only when they fail, for they would bury the rest. */
const QUIET_OPERATIONS: ReadonlySet<string> = new Set([
  'getLive',
  'getReady',
  'createReport',
  'createLedgerReport',
]);

interface AppEnv {
  Variables: { requestId: string; operation?: string; tokenId?: string };
}

/** Mounts all operations behind request ids, the request log, authentication and problem answers. */
export function buildApp(parts: ApiParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const document = renderOpenApiDocument();

  app.use('*', async (context, next) => {
    const startedAt = performance.now();
    const requestId = requestIdOf(context.req.header('x-request-id'));
    context.set('requestId', requestId);
    await next();
    context.res.headers.set('x-request-id', requestId);
    logRequest(parts, context, performance.now() - startedAt);
  });

  app.get('/openapi.json', (context) => {
    context.set('operation', 'getOpenApi');
    return new Response(document, { headers: { 'content-type': 'application/json' } });
  });
  const page = renderDocsPage(makeOpenApiDocument());
  app.get('/docs', (context) => {
    context.set('operation', 'getDocs');
    return new Response(page, {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': DOCS_PAGE_POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      },
    });
  });
  for (const operation of OPERATIONS) {
    app.on(operation.method, operation.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
      context.set('operation', operation.id);
      const token = await admit(parts, operation, context);
      const callParts = token === null ? parts : { ...parts, stopping: parts.tokenCalls.signalOf(token) };
      return operation.run(callParts, {
        request: context.req.raw,
        params: context.req.param(),
        token,
        requestId: context.get('requestId'),
      });
    });
  }

  app.notFound(async (context) => {
    // Below /v1 a caller without a token does not learn which paths exist.
    if (context.req.path.startsWith('/v1/')) await authenticateCaller(parts, context);
    const allow = methodsOf(context.req.path);
    const requestId = context.get('requestId');
    if (allow.length === 0) return answerProblem(new PosternError('not_found'), requestId);
    const answer = answerProblem(new PosternError('method_not_allowed'), requestId);
    answer.headers.set('allow', allow.join(', '));
    return answer;
  });

  app.onError((thrown, context) => {
    const error = posternErrorOf(thrown);
    logFailure(parts, context, error);
    return answerProblem(error, context.get('requestId'));
  });
  return app;
}

async function admit(parts: ApiParts, operation: Operation, context: Context<AppEnv>) {
  if (operation.scope === 'none') return null;
  const token = await authenticateCaller(parts, context);
  if (token.scope !== operation.scope) {
    throw new PosternError('forbidden', {
      detail: `this needs a token of scope "${operation.scope}", not "${token.scope}"`,
    });
  }
  return token;
}

async function authenticateCaller(parts: ApiParts, context: Context<AppEnv>) {
  const token = await authenticate(parts.store, context.req.header('authorization') ?? null, parts.now());
  context.set('tokenId', token.id);
  await parts.tokenCalls.noteUse(token);
  return token;
}

const PATTERNS = [
  { pattern: /^\/(openapi\.json|docs)$/, method: 'get' },
  ...OPERATIONS.map(({ path, method }) => ({
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    method,
  })),
];

function methodsOf(path: string): string[] {
  return PATTERNS.filter(({ pattern }) => pattern.test(path)).flatMap(({ method }) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
  );
}

function logRequest(parts: ApiParts, context: Context<AppEnv>, durationMs: number): void {
  const operation = context.get('operation') ?? null;
  if (operation !== null && QUIET_OPERATIONS.has(operation) && context.res.ok) return;
  parts.log.info(
    {
      requestId: context.get('requestId'),
      tokenId: context.get('tokenId') ?? null,
      method: context.req.method,
      path: context.req.path.slice(0, LOGGED_PATH_CHARS_MAX),
      operation,
      status: context.res.status,
      durationMs: Math.round(durationMs),
    },
    'request',
  );
}

function logFailure(parts: ApiParts, context: Context<AppEnv>, error: PosternError): void {
  const fields = {
    requestId: context.get('requestId'),
    operation: context.get('operation') ?? null,
    code: error.code,
    context: error.context,
  };
  if (error.code === 'internal' || error.code === 'unavailable') {
    parts.log.error({ ...fields, err: error }, 'an operation failed');
  } else parts.log.info({ ...fields, detail: error.detail }, 'an operation was refused');
}
