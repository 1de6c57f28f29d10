import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ClientDetails,
  ClientResource,
  RefusalDetails,
  RefusalList,
  RefusalResource,
  RefusalTail,
} from '@postern/contracts';
import { PosternError, PROBLEMS } from '@postern/contracts/plain';
import { UnreachableError } from './unreachable-error.ts';

/** Entries asked for in one page: the most that the API gives. */
const PAGE_LIMIT = 1_000;
/** Milliseconds of one long poll. */
const POLL_MS = 25_000;

/** Milliseconds without an answer after which a tail that worked gives up, and between two attempts. */
const GIVE_UP_MS = 60_000;
const RETRY_MS = 500;

/** Which refusals are wanted; all that is said must hold. */
export interface RefusalFilter {
  /** The route's host, or the name that the client asked for. */
  readonly host?: string | undefined;
  readonly route?: string | undefined;
  readonly reason?: string | undefined;
  /** SHA-256 of the client's certificate, lower-case hex. */
  readonly fingerprint?: string | undefined;
  /** True: only those who were let in and would have been refused; false: only the refused. */
  readonly observed?: boolean | undefined;
  /** True: only those whom an observed matcher would admit; false: only the others. */
  readonly observedMatch?: boolean | undefined;
  /** Those whose last refusal came then or later. */
  readonly since?: Date | undefined;
}

/** Which clients are wanted; all that is said must hold. */
export interface ClientFilter {
  /** The route's host. */
  readonly host?: string | undefined;
  readonly route?: string | undefined;
  /** Name of a `tls-ca` secret that vouched for the client. */
  readonly ca?: string | undefined;
  readonly expiresBefore?: Date | undefined;
  /** Those seen then or later. */
  readonly since?: Date | undefined;
}

/** Refusals as a list gives them. */
export interface RefusalsFound {
  /** The latest first. */
  readonly items: readonly RefusalResource[];
  /** Refusals that edges had to leave out in that time, of any project. */
  readonly dropped: number;
  /** True when there are more than were asked for. */
  readonly more: boolean;
}

/** The part of the SDK that reads the refusal ledger. */
export interface RefusalCalls {
  /** The latest refusals that the filter selects, at most `limit` (all when absent). */
  list(
    project: string,
    filter?: RefusalFilter & { readonly limit?: number | undefined },
  ): Promise<RefusalsFound>;
  get(project: string, id: string): Promise<RefusalDetails>;
  /** Refusals from now on, until the signal aborts; one that grows comes again with its new count. */
  tail(
    project: string,
    filter?: RefusalFilter,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<RefusalResource>;
}

/** The part of the SDK that reads the client inventory. */
export interface ClientCalls {
  /** All clients that the filter selects, by fingerprint. */
  list(project: string, filter?: ClientFilter): Promise<ClientResource[]>;
  /** By the whole fingerprint, lower-case hex. */
  get(project: string, fingerprint: string): Promise<ClientDetails>;
}

/** Reads one path of the API; `extraMs` on top of the time that one call may take. */
export type ReadPath = <T>(
  path: string,
  query: Readonly<Record<string, string>>,
  options?: { readonly extraMs?: number; readonly signal?: AbortSignal | undefined },
) => Promise<T>;

export function refusalCalls(read: ReadPath): RefusalCalls {
  const base = (project: string) => `/v1/projects/${encodeURIComponent(project)}`;
  return {
    async list(project, { limit = Number.POSITIVE_INFINITY, ...filter } = {}) {
      const items: RefusalResource[] = [];
      let after: string | null = null;
      let dropped = 0;
      do {
        const page: RefusalList = await read(`${base(project)}/refusals`, {
          ...queryOf(filter),
          limit: String(Math.min(PAGE_LIMIT, limit - items.length)),
          ...(after === null ? {} : { after }),
        });
        items.push(...page.items);
        ({ next: after, dropped } = page);
      } while (after !== null && items.length < limit);
      return { items, dropped, more: after !== null };
    },
    get: (project, id) => read(`${base(project)}/refusals/${encodeURIComponent(id)}`, {}),
    async *tail(project, filter = {}, { signal } = {}) {
      const path = `${base(project)}/refusal-tail`;
      const query = queryOf(filter);
      let { cursor }: RefusalTail = await read(path, query, { signal });
      let brokenAt: number | undefined;
      while (!isAborted(signal)) {
        let news: RefusalTail;
        try {
          const next = { ...query, cursor, waitMs: String(POLL_MS) };
          news = await read(path, next, { extraMs: POLL_MS, signal });
          brokenAt = undefined;
        } catch (error) {
          if (isAborted(signal)) return;
          brokenAt ??= performance.now();
          if (!isBroken(error) || performance.now() - brokenAt > GIVE_UP_MS) throw error;
          await sleep(RETRY_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
          continue;
        }
        cursor = news.cursor;
        yield* news.items;
      }
    },
  };
}

export function clientCalls(read: ReadPath): ClientCalls {
  const base = (project: string) => `/v1/projects/${encodeURIComponent(project)}/clients`;
  return {
    async list(project, filter = {}) {
      const items: ClientResource[] = [];
      let after: string | null = null;
      do {
        const page: { items: ClientResource[]; next: string | null } = await read(base(project), {
          ...queryOf(filter),
          limit: String(PAGE_LIMIT),
          ...(after === null ? {} : { after }),
        });
        items.push(...page.items);
        after = page.next;
      } while (after !== null);
      return items;
    },
    get: (project, fingerprint) => read(`${base(project)}/${encodeURIComponent(fingerprint)}`, {}),
  };
}

/** A filter as the API takes it: what is absent is left out. */
function queryOf(filter: RefusalFilter | ClientFilter): Record<string, string> {
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]: [string, unknown]) => {
      if (value === undefined) return [];
      return [[name, value instanceof Date ? value.toISOString() : String(value)]];
    }),
  );
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** True where another attempt may help. */
function isBroken(error: unknown): boolean {
  if (error instanceof UnreachableError) return error.reason !== 'not_postern';
  return error instanceof PosternError && PROBLEMS[error.code].retryable;
}
