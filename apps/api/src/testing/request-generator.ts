import fc from 'fast-check';

type Schema = Record<string, unknown>;

interface DescribedOperation {
  readonly parameters?: readonly { name: string; in: string; schema?: Schema }[];
  readonly requestBody?: { content: Record<string, { schema: Schema }> };
  readonly security?: readonly Record<string, unknown>[];
}

/** The part of the OpenAPI document that requests are made from. */
export interface Described {
  readonly paths: Record<string, Record<string, DescribedOperation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

/** A request as it is sent. */
export interface GeneratedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly scope: string;
  readonly withToken: boolean;
  readonly contentType: string;
  readonly body: string | undefined;
}

/** Few names, so that requests meet what others made. */
const NAME = fc.constantFrom('a', 'b', 'echo', 'shop', 'admin', 'edge');
/** Texts that schemas check in code; without them nearly every route would be refused. */
const WORDS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  name: NAME,
  service: NAME,
  host: fc.constantFrom('a.example.org', 'b.localhost', '*.example.org'),
  prefix: fc.constantFrom('/', '/a', '/b/'),
  targets: fc.constant(['http://127.0.0.1:3000']),
  secretKey: fc.constant('eA=='),
};
const ODD = fc.oneof(
  fc.constantFrom(
    '',
    '%00',
    '..',
    '__proto__',
    'constructor',
    '💥',
    "' or 1=1 --",
    '9'.repeat(400),
    '-1',
    'NaN',
  ),
  fc.string({ maxLength: 40 }),
);

/** Requests that the document allows, as far as it can say. */
export function requestOf(document: Described): fc.Arbitrary<GeneratedRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  return fc.constantFrom(...operations).chain(({ path, method, operation }) => {
    const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
    const schema = operation.requestBody?.content['application/json']?.schema;
    return fc
      .record({
        project: fc.constantFrom('default', 'default', 'default', 'none'),
        name: NAME,
        query: fc.tuple(
          ...parameters.map(({ name, schema: of = {} }) =>
            fc.option(
              name === 'waitMs' ? fc.constantFrom('0', '5') : anyValue(of, document, name).map(String),
              {
                nil: undefined,
              },
            ),
          ),
        ),
        tag: fc.option(fc.constantFrom('"1"', '"2"', '*', '1'), { nil: undefined, freq: 4 }),
        body:
          schema === undefined
            ? fc.constant(undefined)
            : anyValue(schema, document).map((body) => JSON.stringify(body)),
      })
      .map(({ project, name, query, tag, body }) => {
        const pairs = parameters.flatMap(({ name: key }, index) =>
          query[index] === undefined ? [] : [`${key}=${encodeURIComponent(query[index] ?? '')}`],
        );
        return {
          method,
          path: path.replace('{project}', project).replace('{name}', name),
          query: pairs.length === 0 ? '' : `?${pairs.join('&')}`,
          headers:
            tag === undefined
              ? {}
              : { [method === 'GET' || tag === '*' ? 'if-none-match' : 'if-match']: tag },
          scope: Object.keys(operation.security?.[0] ?? {})[0] ?? 'none',
          withToken: true,
          contentType: 'application/json',
          body,
        };
      });
  });
}

/** Spoils half of the requests: paths, queries, bodies, methods, types and tokens. */
export function mutate(requests: fc.Arbitrary<GeneratedRequest>): fc.Arbitrary<GeneratedRequest> {
  const way = fc.constantFrom(
    'none',
    'none',
    'none',
    'none',
    'path',
    'query',
    'cut',
    'value',
    'key',
    'garbage',
    'method',
    'type',
    'token',
  );
  return fc
    .tuple(requests, way, ODD, fc.json({ maxDepth: 4 }), fc.nat())
    .map(([request, how, odd, json, at]) => {
      const { body = '', path } = request;
      switch (how) {
        case 'path':
          return { ...request, path: path.replace(/[^/]*$/, encodeURIComponent(odd)) };
        case 'query':
          return {
            ...request,
            query: `${request.query === '' ? '?' : `${request.query}&`}${encodeURIComponent(odd)}=x`,
          };
        case 'cut':
          return body === '' ? request : { ...request, body: body.slice(0, at % body.length) };
        case 'value':
          return body === ''
            ? request
            : { ...request, body: body.replace(/"[^"]*"(?=[,}\]])/, JSON.stringify(odd)) };
        case 'key':
          return body === ''
            ? request
            : { ...request, body: body.replace('{', `{${JSON.stringify(odd)}:${json},`) };
        case 'garbage':
          return request.method === 'GET' ? request : { ...request, body: at % 2 === 0 ? json : odd };
        case 'method': {
          const method = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'][at % 6] ?? 'GET';
          return {
            ...request,
            method,
            body: method === 'GET' || method === 'HEAD' ? undefined : request.body,
          };
        }
        case 'type':
          return { ...request, contentType: 'text/plain' };
        case 'token':
          return { ...request, withToken: false };
        default:
          return request;
      }
    });
}

/** A value that a schema allows; patterns are met by the words above or not at all. */
function anyValue(schema: Schema, document: Described, key = ''): fc.Arbitrary<unknown> {
  const known = WORDS[key];
  if (known !== undefined) return known;
  if (typeof schema.$ref === 'string')
    return anyValue(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, document, key);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  if ('const' in schema) return fc.constant(schema.const);
  const options = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (Array.isArray(options))
    return fc.oneof(...options.map((option) => anyValue(option as Schema, document, key)));
  switch (schema.type) {
    case 'object':
      return objectOf(schema, document);
    case 'array':
      return fc.array(anyValue((schema.items ?? {}) as Schema, document), { minLength: 1, maxLength: 3 });
    case 'integer':
    case 'number':
      return fc.integer({
        min: Number(schema.minimum ?? 0),
        max: Math.min(Number(schema.maximum ?? 1e6), 1e6),
      });
    case 'boolean':
      return fc.boolean();
    default:
      return fc.oneof(NAME, fc.string({ maxLength: 20 }));
  }
}

function objectOf(schema: Schema, document: Described): fc.Arbitrary<unknown> {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const required = new Set((schema.required ?? []) as string[]);
  const own = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([key, child]) => [key, anyValue(child, document, key)]),
    ),
    { requiredKeys: [...required] },
  );
  if (typeof schema.additionalProperties !== 'object') return own;
  return fc.dictionary(NAME, anyValue(schema.additionalProperties as Schema, document), { maxKeys: 2 });
}
