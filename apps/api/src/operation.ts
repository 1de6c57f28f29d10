import { type RouteConfig, z } from '@hono/zod-openapi';
import { type Finding, PosternError, parseWith } from '@postern/contracts';
import type { TokenRecord, WriteMode } from '@postern/store';
import type { ApiParts } from './api-parts.ts';
import {
  type AnswerDescription,
  describeOperation,
  dryRunQuery,
  type OperationDescription,
} from './describe-operation.ts';
import { isFresh, type Precondition, readIfMatch, readMustNotExist } from './entity-tag.ts';
import { jsonTextOf } from './json-text.ts';
import { readJsonBody } from './read-json-body.ts';

/** A request after authentication, before its parts are read. */
interface RawCall {
  readonly request: Request;
  readonly params: Readonly<Record<string, string>>;
  readonly token: TokenRecord | null;
  readonly requestId: string;
}

/** What a handler gets: every part parsed by its schema. */
interface Call<P, Q, B> extends RawCall {
  readonly path: P;
  readonly query: Q;
  readonly body: B;
  /** What If-Match or If-None-Match demand; empty when the caller sent neither. */
  readonly precondition: Precondition;
  /** For writes: who writes, and whether it is only tried. */
  readonly mode: WriteMode;
}

interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An endpoint as its file writes it down: its description, with the schemas' types, and what it does. */
interface OperationInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>
  extends OperationDescription {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answers: Readonly<Record<number, AnswerDescription & { schema?: A }>>;
  handle(
    parts: ApiParts,
    call: Call<z.output<P>, z.output<Q>, z.output<B>>,
  ): Promise<Answer<z.output<A>> | Response>;
}

/** One endpoint as the app mounts it and as the document describes it. */
export interface Operation {
  readonly id: string;
  readonly method: OperationDescription['method'];
  /** With `{name}` placeholders. */
  readonly path: string;
  readonly scope: OperationDescription['scope'];
  readonly route: RouteConfig;
  run(parts: ApiParts, raw: RawCall): Promise<Response>;
}

const nothing = z.strictObject({});

/**
 * Makes an endpoint out of its schemas and a handler. Path, query and body are parsed before the handler runs; what does
 * not parse is `validation_failed` with every finding, pointers being into the body.
 */
export function defineOperation<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = z.ZodUndefined,
  A extends z.ZodType = z.ZodUndefined,
>(input: OperationInput<P, Q, B, A>): Operation {
  return {
    id: input.id,
    method: input.method,
    path: input.path,
    scope: input.scope,
    route: describeOperation(input),
    async run(parts, raw) {
      const path = parsePart(input.params ?? nothing, raw.params, 'in the path');
      const sent = readQuery(raw.request);
      const isDryRun = input.dryRun === true && takeDryRun(sent);
      const query = parsePart(input.query ?? nothing, sent, 'query parameter');
      const precondition = {
        ...(input.ifMatch === true ? readIfMatch(raw.request) : {}),
        ...(input.ifNoneMatch === 'must-not-exist' ? readMustNotExist(raw.request) : {}),
      };
      await refuseUnknownProject(parts, raw.params.project);
      const body =
        input.body === undefined ? undefined : parseBody(input.body, await readJsonBody(raw.request));
      const answer = await input.handle(parts, {
        ...raw,
        path: path as z.output<P>,
        query: query as z.output<Q>,
        body: body as z.output<B>,
        precondition,
        mode: { dryRun: isDryRun, by: raw.token?.name ?? null },
      });
      if (answer instanceof Response) return answer;
      const tag = answer.headers?.etag;
      if (input.ifNoneMatch === 'fresh' && tag !== undefined && isFresh(raw.request, tag)) {
        return new Response(null, { status: 304, headers: { 'cache-control': 'no-store', etag: tag } });
      }
      return new Response(jsonTextOf(answer.body as object), {
        status: answer.status,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...answer.headers },
      });
    },
  };
}

async function refuseUnknownProject(parts: ApiParts, project: string | undefined): Promise<void> {
  if (project === undefined || (await parts.store.hasProject(project))) return;
  throw new PosternError('not_found', { detail: `there is no project "${project}"` });
}

function parseBody<B extends z.ZodType>(schema: B, value: unknown): z.output<B> {
  const result = parseWith(schema, value);
  if (result.ok) return result.value;
  throw new PosternError('validation_failed', {
    detail: countOf(result.findings),
    findings: result.findings,
  });
}

function parsePart<P extends z.ZodType>(schema: P, value: unknown, where: string): z.output<P> {
  const result = parseWith(schema, value);
  if (result.ok) return result.value;
  // Pointers lead into the body; a path or a query has none, so its place goes into the message.
  const findings = result.findings.map((finding) => ({
    ...finding,
    message: `${where}, ${finding.pointer.slice(1)}: ${finding.message}`,
    pointer: '',
  }));
  throw new PosternError('validation_failed', { detail: countOf(findings), findings });
}

/** One sentence for callers that do not print findings. */
export function countOf(findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const first = errors[0];
  if (first === undefined) return 'the input is not valid';
  const place = first.pointer === '' ? '' : `${first.pointer}: `;
  return errors.length === 1
    ? `${place}${first.message}`
    : `${place}${first.message} (and ${errors.length - 1} more)`;
}

/** Reads `dryRun` and takes it out of the query, so that the operation's own schema need not know it. */
function takeDryRun(query: Record<string, string>): boolean {
  const { dryRun } = parsePart(
    dryRunQuery,
    Object.hasOwn(query, 'dryRun') ? { dryRun: query.dryRun } : {},
    'query parameter',
  );
  delete query.dryRun;
  return dryRun === 'true';
}

function readQuery(request: Request): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, value] of new URL(request.url).searchParams) {
    if (Object.hasOwn(query, key) || key === '__proto__') {
      throw new PosternError('validation_failed', {
        detail: 'a query parameter is there twice or is not allowed',
        findings: [
          {
            severity: 'error',
            code: 'duplicate_key',
            message: 'a query parameter is there twice',
            pointer: '',
          },
        ],
      });
    }
    query[key] = value;
  }
  return query;
}
