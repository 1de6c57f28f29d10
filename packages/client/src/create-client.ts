import type {
  CrlDocument,
  RevocationResource,
  RouteReplay,
  RouteResource,
  RouteRotation,
  SecretResource,
  ServiceResource,
  TokenCreated,
  TokenResource,
} from '@postern/contracts';
import { PosternError } from '@postern/contracts/plain';
import createFetchClient from 'openapi-fetch';
import { certificateCalls, type PostPath } from './certificate-client.ts';
import { collectPages, readPages } from './collect-pages.ts';
import type { components, paths } from './generated/api.ts';
import { hostnameCalls } from './hostname-client.ts';
import { clientCalls, type ReadPath, refusalCalls } from './ledger-client.ts';
import type { Applied, ListFilter, PosternClient, WriteOptions, Written } from './postern-client.ts';
import { readAnswer } from './read-answer.ts';
import { notPostern } from './unreachable-error.ts';

type Schemas = components['schemas'];

/** Milliseconds of one long poll; longer waits take several. */
const POLL_MS = 25_000;
/** Milliseconds that a replay of many clients may take on top of a call. */
const REPLAY_MS = 60_000;

export interface ClientOptions {
  /** Address of the API, like http://127.0.0.1:8700. */
  readonly url: string;
  readonly token: string;
  /** Milliseconds that one call may take. */
  readonly timeoutMs: number;
  /** Sent as X-Request-Id with every call; the API makes one when absent. */
  readonly requestId?: string | undefined;
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** Makes a client of one API. Fails with `validation_failed` for an address, `unauthorized` for a token that cannot be one. */
export function createClient(options: ClientOptions): PosternClient {
  const { timeoutMs } = options;
  const url = checkUrl(options.url);
  const api = createFetchClient<paths>({
    baseUrl: url,
    headers: {
      authorization: `Bearer ${checkToken(options.token)}`,
      ...(options.requestId === undefined ? {} : { 'x-request-id': options.requestId }),
    },
    // A redirect would carry the token somewhere else.
    redirect: 'error',
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  const read = <A extends { data?: unknown; error?: unknown; response: Response }>(
    call: (signal: AbortSignal) => Promise<A>,
    extraMs = 0,
  ) => readAnswer(call(AbortSignal.timeout(timeoutMs + extraMs)), url, timeoutMs + extraMs);
  // Answers are not validated, for speed; one without any member that its kind always has is some other program's.
  const dataOf = <T>(answer: { data?: unknown }, ...members: readonly string[]): T => {
    const { data } = answer;
    const found = typeof data === 'object' && data !== null ? data : {};
    if (data === undefined || (members.length > 0 && !members.some((member) => member in found)))
      throw notPostern(url);
    return data as T;
  };
  const writtenOf = <T>(answer: { data?: unknown; response: Response }): Written<T> => ({
    resource: dataOf<T>(answer, 'id'),
    created: answer.response.status === 201,
    revision: readRevision(answer.response, url),
    job: answer.response.headers.get('postern-job'),
  });
  // The ledger is read by paths that are written out: its filters are one table for both of its lists.
  const get = api.GET as unknown as (
    path: string,
    options: { params: { query: Readonly<Record<string, string>> }; signal: AbortSignal },
  ) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
  const readPath: ReadPath = async (path, query, { extraMs, signal: ending } = {}) =>
    dataOf(
      await read((signal) => {
        const either = ending === undefined ? signal : AbortSignal.any([signal, ending]);
        return get(path, { params: { query }, signal: either });
      }, extraMs),
      'items',
      'project',
    );
  type Send = (
    path: string,
    options: { params: { query: Readonly<Record<string, string>> }; body?: object; signal: AbortSignal },
  ) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
  const send = api.POST as unknown as Send;
  const sendDelete = api.DELETE as unknown as Send;
  const postPath: PostPath = async (path, query, body) =>
    dataOf(
      await read((signal) =>
        send(path, { params: { query }, ...(body === undefined ? {} : { body }), signal }),
      ),
    );
  const deletePath = async (path: string, query: Readonly<Record<string, string>>) =>
    void (await read((signal) => sendDelete(path, { params: { query }, signal })));
  const named = (project: string, name: string, write?: WriteOptions) => ({
    path: { project, name },
    ...writeParamsOf(write),
  });

  const secretPages = (project: string, filter?: ListFilter) =>
    readPages<SecretResource>(async (query) => {
      const params = { path: { project }, query };
      return dataOf(
        await read((signal) => api.GET('/v1/projects/{project}/secrets', { params, signal })),
        'items',
      );
    }, filter);
  const servicePages = (project: string, filter?: ListFilter) =>
    readPages<ServiceResource>(async (query) => {
      const params = { path: { project }, query };
      return dataOf(
        await read((signal) => api.GET('/v1/projects/{project}/services', { params, signal })),
        'items',
      );
    }, filter);
  const routePages = (project: string, filter?: ListFilter) =>
    readPages<RouteResource>(async (query) => {
      const params = { path: { project }, query };
      return dataOf(
        await read((signal) => api.GET('/v1/projects/{project}/routes', { params, signal })),
        'items',
      );
    }, filter);

  return {
    secrets: {
      list: (project, filter) => collectPages(secretPages(project, filter)),
      pages: secretPages,
      async get(project, name) {
        const params = { path: { project, name } };
        return dataOf<SecretResource>(
          await read((signal) => api.GET('/v1/projects/{project}/secrets/{name}', { params, signal })),
          'id',
        );
      },
      async put(project, name, loose, write) {
        const params = named(project, name, write);
        const body = loose as Schemas['SecretPut'];
        return writtenOf<SecretResource>(
          await read((signal) => api.PUT('/v1/projects/{project}/secrets/{name}', { params, body, signal })),
        );
      },
      async refresh(project, name) {
        const params = { path: { project, name } };
        return dataOf<SecretResource>(
          await read((signal) =>
            api.POST('/v1/projects/{project}/secrets/{name}/refresh', { params, signal }),
          ),
        );
      },
      async crl(project, name) {
        const params = { path: { project, name } };
        return dataOf<CrlDocument>(
          await read((signal) => api.GET('/v1/projects/{project}/secrets/{name}/crl', { params, signal })),
        );
      },
      async delete(project, name, write) {
        const params = named(project, name, write);
        const { response } = await read((signal) =>
          api.DELETE('/v1/projects/{project}/secrets/{name}', { params, signal }),
        );
        return { revision: readRevision(response, url) };
      },
    },
    services: {
      list: (project, filter) => collectPages(servicePages(project, filter)),
      pages: servicePages,
      async get(project, name) {
        const params = { path: { project, name } };
        return dataOf<ServiceResource>(
          await read((signal) => api.GET('/v1/projects/{project}/services/{name}', { params, signal })),
          'id',
        );
      },
      async create(project, loose, write) {
        const params = { path: { project }, ...writeParamsOf(write) };
        const body = loose as Schemas['ServiceCreate'];
        return writtenOf<ServiceResource>(
          await read((signal) => api.POST('/v1/projects/{project}/services', { params, body, signal })),
        );
      },
      async update(project, name, loose, write) {
        const params = named(project, name, write);
        const body = loose as Schemas['ServiceUpdate'];
        return writtenOf<ServiceResource>(
          await read((signal) => api.PUT('/v1/projects/{project}/services/{name}', { params, body, signal })),
        );
      },
      async delete(project, name, write) {
        const params = named(project, name, write);
        const { response } = await read((signal) =>
          api.DELETE('/v1/projects/{project}/services/{name}', { params, signal }),
        );
        return { revision: readRevision(response, url) };
      },
    },
    routes: {
      list: (project, filter) => collectPages(routePages(project, filter)),
      pages: routePages,
      async get(project, name) {
        const params = { path: { project, name } };
        return dataOf<RouteResource>(
          await read((signal) => api.GET('/v1/projects/{project}/routes/{name}', { params, signal })),
          'id',
        );
      },
      async rotation(project, name, { graceMs, waitMs = 0 } = {}) {
        const query = {
          waitMs: String(waitMs),
          ...(graceMs === undefined ? {} : { graceMs: String(graceMs) }),
        };
        const params = { path: { project, name }, query };
        return dataOf<RouteRotation>(
          await read(
            (signal) => api.GET('/v1/projects/{project}/routes/{name}/rotation', { params, signal }),
            waitMs,
          ),
        );
      },
      async replay(project, name, { spec, since }) {
        const params = { path: { project, name } };
        const body = { spec, since: since.toISOString() } as Schemas['RouteReplayRequest'];
        return dataOf<RouteReplay>(
          await read(
            (signal) => api.POST('/v1/projects/{project}/routes/{name}/replay', { params, body, signal }),
            REPLAY_MS,
          ),
        );
      },
      async create(project, loose, write) {
        const params = { path: { project }, ...writeParamsOf(write) };
        const body = loose as Schemas['RouteCreate'];
        return writtenOf<RouteResource>(
          await read((signal) => api.POST('/v1/projects/{project}/routes', { params, body, signal })),
        );
      },
      async update(project, name, loose, write) {
        const params = named(project, name, write);
        const body = loose as Schemas['RouteUpdate'];
        return writtenOf<RouteResource>(
          await read((signal) => api.PUT('/v1/projects/{project}/routes/{name}', { params, body, signal })),
        );
      },
      async delete(project, name, write) {
        const params = named(project, name, write);
        const { response } = await read((signal) =>
          api.DELETE('/v1/projects/{project}/routes/{name}', { params, signal }),
        );
        return { revision: readRevision(response, url) };
      },
    },
    revocations: {
      async list(project) {
        const params = { path: { project } };
        const answer = await read((signal) =>
          api.GET('/v1/projects/{project}/revocations', { params, signal }),
        );
        return dataOf<{ items: RevocationResource[] }>(answer, 'items').items;
      },
      async get(project, id) {
        const params = { path: { project, id } };
        return dataOf<RevocationResource>(
          await read((signal) => api.GET('/v1/projects/{project}/revocations/{id}', { params, signal })),
        );
      },
      async create(project, loose, write) {
        const params = { path: { project }, ...dryRunParamsOf(write?.dryRun) };
        const body = loose as Schemas['RevocationCreate'];
        return writtenOf<RevocationResource>(
          await read((signal) => api.POST('/v1/projects/{project}/revocations', { params, body, signal })),
        );
      },
      async delete(project, id, write) {
        const params = { path: { project, id }, ...dryRunParamsOf(write?.dryRun) };
        const { response } = await read((signal) =>
          api.DELETE('/v1/projects/{project}/revocations/{id}', { params, signal }),
        );
        return { revision: readRevision(response, url) };
      },
    },
    tokens: {
      async list() {
        const answer = await read((signal) => api.GET('/v1/tokens', { signal }));
        return dataOf<{ items: TokenResource[] }>(answer, 'items').items;
      },
      async get(name) {
        const params = { path: { name } };
        return dataOf<TokenResource>(
          await read((signal) => api.GET('/v1/tokens/{name}', { params, signal })),
          'id',
        );
      },
      async create(loose, { dryRun } = {}) {
        const params = dryRunParamsOf(dryRun);
        const body = loose as Schemas['TokenCreate'];
        return dataOf<TokenCreated>(await read((signal) => api.POST('/v1/tokens', { params, body, signal })));
      },
      async revoke(name, { force = false, dryRun } = {}) {
        const query = { ...dryRunParamsOf(dryRun).query, ...(force ? { force: 'true' as const } : {}) };
        const params = { path: { name }, query };
        await read((signal) => api.DELETE('/v1/tokens/{name}', { params, signal }));
      },
    },
    hostnames: hostnameCalls(readPath, postPath, deletePath),
    certificates: certificateCalls(readPath, postPath),
    refusals: refusalCalls(readPath),
    clients: clientCalls(readPath),
    async *watch(kind, project, name, watch) {
      const { watchResources } = await import('./watch-resources.ts');
      yield* watchResources({ ...options, url }, { kind, project, name }, watch);
    },
    async waitApplied(wanted) {
      const deadline = performance.now() + wanted.timeoutMs;
      for (;;) {
        const waitMs = Math.round(Math.max(0, Math.min(POLL_MS, deadline - performance.now())));
        const query = {
          waitMs: String(waitMs),
          ...(wanted.revision === undefined ? {} : { revision: String(wanted.revision) }),
          ...(wanted.job === undefined || wanted.job === null ? {} : { job: wanted.job }),
        };
        const answer = await read((signal) => api.GET('/v1/applied', { params: { query }, signal }), waitMs);
        const applied = dataOf<Applied>(answer, 'complete');
        if (applied.complete || performance.now() >= deadline) return applied;
      }
    },
    async ca() {
      return dataOf<string>(await read((signal) => api.GET('/v1/ca', { parseAs: 'text', signal })));
    },
  };
}

/** Version and dry run of a write as the API takes them. */
function writeParamsOf({ ifVersion, dryRun }: WriteOptions = {}) {
  const header =
    ifVersion === undefined
      ? undefined
      : ifVersion === 0
        ? { 'If-None-Match': '*' }
        : { 'If-Match': `"${ifVersion}"` };
  return {
    ...(header === undefined ? {} : { header }),
    ...dryRunParamsOf(dryRun),
  };
}

function dryRunParamsOf(dryRun: boolean | undefined): { query?: { dryRun: 'true' } } {
  return dryRun === true ? { query: { dryRun: 'true' } } : {};
}

function readRevision(response: Response, url: string): number {
  const text = response.headers.get('postern-revision') ?? '';
  if (!/^\d{1,15}$/.test(text)) throw notPostern(url);
  return Number(text);
}

function checkUrl(text: string): string {
  const parsed = URL.parse(text);
  if (
    parsed === null ||
    (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') ||
    parsed.username !== ''
  ) {
    throw new PosternError('validation_failed', {
      detail: `"${text}" is not the address of an API; write it like http://127.0.0.1:8700`,
    });
  }
  return text.replace(/\/+$/, '');
}

function checkToken(token: string): string {
  if (/^[\x21-\x7e]{1,256}$/.test(token)) return token;
  throw new PosternError('unauthorized', {
    detail: 'the token is empty or holds characters that no token has',
  });
}
