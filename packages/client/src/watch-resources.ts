import { setTimeout as sleep } from 'node:timers/promises';
import {
  PosternError,
  PROBLEMS,
  type ResourceKind,
  type ResourceOfKind,
  type WatchEvent,
} from '@postern/contracts';
import { filterQueryOf } from './collect-pages.ts';
import type { WatchOptions } from './postern-client.ts';
import { readAnswer } from './read-answer.ts';
import { readServerEvents, type ServerEvent } from './read-server-events.ts';
import { notPostern, UnreachableError, unreachableErrorOf } from './unreachable-error.ts';
import { WatchedState } from './watched-state.ts';

/** Milliseconds without a byte after which a connection counts as dead; the API sends something every 10 s. */
const SILENT_MS = 35_000;
/** Milliseconds without a connection after which a watch that worked gives up. */
const GIVE_UP_MS = 60_000;
/** Milliseconds between attempts to connect anew: the first and the longest. */
const RETRY_MS = { first: 250, longest: 5_000 } as const;

interface Connection {
  readonly url: string;
  readonly token: string;
  /** Milliseconds until an answer begins. */
  readonly timeoutMs: number;
  readonly requestId?: string | undefined;
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

interface Watched<K extends ResourceKind> {
  readonly kind: K;
  readonly project: string;
  readonly name: string | undefined;
}

/** Follows resources over as many connections as it takes; see `PosternClient.watch`. */
export async function* watchResources<K extends ResourceKind>(
  connection: Connection,
  watched: Watched<K>,
  options: WatchOptions = {},
): AsyncGenerator<WatchEvent<ResourceOfKind[K]>> {
  const { signal } = options;
  const state = new WatchedState<ResourceOfKind[K]>();
  let brokenAt: number | undefined;
  let retryMs: number = RETRY_MS.first;
  while (!isAborted(signal)) {
    state.begin();
    try {
      for await (const event of readOneConnection(connection, watched, options, state.lastEventId)) {
        brokenAt = undefined;
        retryMs = RETRY_MS.first;
        yield* state.take(event, connection.url);
      }
    } catch (error) {
      if (isAborted(signal)) return;
      // What never worked, and what the API itself refuses, is told at once.
      if (state.lastEventId === undefined || !isBroken(error)) throw error;
      brokenAt ??= performance.now();
      if (performance.now() - brokenAt > GIVE_UP_MS) throw error;
    }
    await sleep(retryMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    retryMs = Math.min(retryMs * 2, RETRY_MS.longest);
  }
}

/** The events of one connection, until either end closes it or it falls silent. */
async function* readOneConnection<K extends ResourceKind>(
  connection: Connection,
  { kind, project, name }: Watched<K>,
  options: WatchOptions,
  lastEventId: string | undefined,
): AsyncGenerator<ServerEvent> {
  const { url, token, timeoutMs, requestId } = connection;
  const silence = new AbortController();
  const signal =
    options.signal === undefined ? silence.signal : AbortSignal.any([silence.signal, options.signal]);
  let timer = setTimeout(() => silence.abort(), timeoutMs);
  try {
    const query = new URLSearchParams({
      kind,
      ...(name === undefined ? {} : { name }),
      ...filterQueryOf(options),
    });
    const request = new Request(`${url}/v1/projects/${encodeURIComponent(project)}/watch?${query}`, {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
        ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      // A redirect would carry the token somewhere else.
      redirect: 'error',
      signal,
    });
    const body = await openStream((connection.fetch ?? fetch)(request), url, timeoutMs);
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENT_MS);
    yield* readServerEvents(body, () => timer.refresh());
  } catch (error) {
    throw isKnown(error) ? error : unreachableErrorOf(error, url, timeoutMs);
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

async function openStream(
  answering: Promise<Response>,
  url: string,
  timeoutMs: number,
): Promise<ReadableStream<Uint8Array>> {
  const answer = answering.then(async (response) => ({
    response,
    error: response.ok ? undefined : ((await response.json()) as unknown),
  }));
  const { response } = await readAnswer(answer, url, timeoutMs);
  const type = response.headers.get('content-type') ?? '';
  if (response.body === null || !type.startsWith('text/event-stream')) throw notPostern(url);
  return response.body;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function isKnown(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof PosternError;
}

/** True where another attempt may help. */
function isBroken(error: unknown): boolean {
  if (error instanceof UnreachableError) return error.reason !== 'not_postern';
  return error instanceof PosternError && PROBLEMS[error.code].retryable;
}
