import { type RouteConfig, z } from '@hono/zod-openapi';
import { problemDocument } from '@postern/contracts';
import { absenceHeader, freshnessHeader, resourceHeaders, versionHeader } from './entity-tag.ts';

/** One answer of success; without a schema it is an answer without a JSON body. */
export interface AnswerDescription {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly contentType?: string;
  readonly headers?: z.ZodObject;
}

/** All that the document tells of an operation. */
export interface OperationDescription {
  /** The operationId of the document, like `listSecrets`. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With `{name}` placeholders. */
  readonly path: string;
  /** Who may call: nobody needs a token for `none`; the others need a token of exactly that scope. */
  readonly scope: 'none' | 'admin' | 'edge';
  readonly summary: string;
  readonly tag: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** True where If-Match is honoured. */
  readonly ifMatch?: boolean;
  /** What If-None-Match means here: "*" on a write that creates, or tags on a read of one resource (304). */
  readonly ifNoneMatch?: 'must-not-exist' | 'fresh';
  /** True for a write that can be tried with `?dryRun=true`. */
  readonly dryRun?: boolean;
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Statuses of problems beside those that follow from all the rest. */
  readonly problems?: readonly (keyof typeof PROBLEM_STATUSES)[];
  /** Headers that the operation reads itself, for the document only. */
  readonly requestHeaders?: z.ZodObject;
}

/** `?dryRun=true` of writes. */
export const dryRunQuery = z.strictObject({
  dryRun: z.enum(['true', 'false']).optional().meta({
    description: 'true: everything is checked and answered as it would be, and nothing is stored',
  }),
});

const PROBLEM_STATUSES = {
  400: 'The request or its body could not be read',
  401: 'A valid token is needed',
  403: 'The token may not do this',
  404: 'There is no such thing',
  409: 'Something stands in the way; `conflict` says what',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The input is not valid; `findings` say where',
  500: 'Something broke in Postern',
  503: 'Postern cannot answer now; try again after Retry-After',
} as const;

/** Describes an operation for the document: every status it may answer with, and the headers of each. */
export function describeOperation(input: OperationDescription): RouteConfig {
  const responses: RouteConfig['responses'] = {};
  for (const [status, answer] of Object.entries(input.answers)) {
    const contentType = answer.contentType ?? 'application/json';
    const schema = answer.schema ?? (answer.contentType === undefined ? undefined : z.string());
    responses[status] = {
      description: answer.description,
      ...(answer.headers === undefined ? {} : { headers: answer.headers }),
      ...(schema === undefined ? {} : { content: { [contentType]: { schema } } }),
    };
  }
  if (input.ifNoneMatch === 'fresh') {
    responses[304] = { description: 'It is what If-None-Match names', headers: resourceHeaders };
  }
  const problem = { 'application/problem+json': { schema: problemDocument } };
  for (const status of problemStatusesOf(input))
    responses[status] = { description: PROBLEM_STATUSES[status], content: problem };
  responses.default = {
    description: 'A problem (RFC 9457); `code` is one of docs/errors.md',
    content: problem,
  };
  const headers = z.object({
    ...(input.ifMatch === true ? versionHeader.shape : {}),
    ...(input.ifNoneMatch === 'must-not-exist' ? absenceHeader.shape : {}),
    ...(input.ifNoneMatch === 'fresh' ? freshnessHeader.shape : {}),
    ...input.requestHeaders?.shape,
  });
  const query = z.strictObject({
    ...(input.query as unknown as z.ZodObject | undefined)?.shape,
    ...(input.dryRun === true ? dryRunQuery.shape : {}),
  });
  return {
    operationId: input.id,
    method: input.method,
    path: input.path,
    summary: input.summary,
    tags: [input.tag],
    security: input.scope === 'none' ? [] : [{ [input.scope]: [] }],
    request: {
      ...(input.params === undefined ? {} : { params: input.params as unknown as z.ZodObject }),
      ...(Object.keys(query.shape).length === 0 ? {} : { query }),
      ...(Object.keys(headers.shape).length === 0 ? {} : { headers }),
      ...(input.body === undefined
        ? {}
        : { body: { required: true, content: { 'application/json': { schema: input.body } } } }),
    },
    responses,
  };
}

function problemStatusesOf(input: OperationDescription): (keyof typeof PROBLEM_STATUSES)[] {
  const isWrite = input.method !== 'get';
  return [
    400,
    ...(input.scope === 'none' ? [] : ([401, 403] as const)),
    ...(input.params === undefined ? [] : ([404] as const)),
    ...(isWrite && input.params !== undefined ? ([409] as const) : []),
    ...(input.body === undefined ? [] : ([413, 415] as const)),
    422,
    500,
    503,
    ...(input.problems ?? []),
  ];
}
