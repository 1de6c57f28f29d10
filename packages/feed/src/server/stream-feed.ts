import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Change, type Cursor, unusableChange } from '@postern/contracts';
import { formatCursor } from '../cursor-text.ts';

/** Changes read from the source at once: what each reader that stands still holds in memory, at up to 1 MiB each. */
const PAGE_CHANGES = 50;

/** Characters of events gathered into one chunk, so that a full copy is neither a million small writes nor one huge one. */
const CHUNK_CHARS = 64 * 1024;

/** Milliseconds between comments on a quiet stream; a client takes 30 s without a byte for a dead stream. */
const HEARTBEAT_MS = 10_000;

/** What the feed reads; the Store is one. */
export interface FeedSource {
  cursor(): Promise<Cursor>;
  isResumable(cursor: Cursor): Promise<boolean>;
  changesAfter(revision: number, limit: number): Promise<Change[]>;
  onRevision(listener: () => void): () => void;
}

export interface StreamFeedOptions {
  readonly source: FeedSource;
  /** Where the client stands; null, or a cursor that is not resumable, leads to a full copy. */
  readonly after: Cursor | null;
  /**
   * Makes what this client gets of a change (seals keys to it). When it throws, the client gets the change as
   * unusable (formatVersion -1), never as it lies in the source.
   */
  readonly transform?: (change: Change) => Change | Promise<Change>;
  /** Ends the stream, as a server does that stops. */
  readonly signal: AbortSignal;
  readonly heartbeatMs?: number;
  /** Hears of changes that could not be transformed, and of a source that failed (which breaks the stream). */
  readonly log: (event: { message: string; error: unknown; kind?: string; id?: string }) => void;
}

/**
 * The feed as a stream of Server-Sent Events: `resync` where a full copy follows, then `change`s in the order of their
 * revisions, and `synced` wherever all changes up to its cursor have been sent; then it waits for more.
 * It reads only as fast as the client does, one page at a time.
 */
export function streamFeed(options: StreamFeedOptions): ReadableStream<Uint8Array> {
  const wakeUp = new WakeUp();
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  signal.addEventListener('abort', () => wakeUp.ring(), { once: true });
  const unsubscribe = options.source.onRevision(() => wakeUp.ring());
  signal.addEventListener('abort', unsubscribe, { once: true });
  // Stopped before it began: nothing would tell of it any more.
  if (signal.aborted) unsubscribe();
  const chunks = feedChunks(options, signal, wakeUp);
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await chunks.next();
          // A client that left while this was waiting has closed the stream already.
          if (stop.signal.aborted) return;
          if (next.done !== true) controller.enqueue(encoder.encode(next.value));
          else {
            stop.abort();
            controller.close();
          }
        } catch (error) {
          stop.abort();
          options.log({ message: 'the feed broke off', error });
          controller.error(error);
        }
      },
      cancel: () => stop.abort(),
    },
    // Nothing is made before it is asked for: each waiting client would hold a chunk otherwise.
    { highWaterMark: 0 },
  );
}

async function* feedChunks(
  options: StreamFeedOptions,
  signal: AbortSignal,
  wakeUp: WakeUp,
): AsyncGenerator<string, void, void> {
  const { source, after, transform, log } = options;
  const heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
  let sentRevision = 0;
  let syncedCursor = '';
  if (after !== null && (await source.isResumable(after))) {
    sentRevision = after.revision;
    yield ': resumed\n\n';
  } else {
    const { epoch } = await source.cursor();
    yield eventText('resync', { epoch });
  }
  while (!signal.aborted) {
    // A client that reads as fast as this writes would otherwise keep the process from everything else until its copy is whole.
    await nextTurn();
    // The end may have rung meanwhile, and would be taken for a change and forgotten.
    if (signal.aborted) return;
    // Cleared before reading: a change that comes while we read rings again.
    wakeUp.clear();
    const cursor = await source.cursor();
    const page = await source.changesAfter(sentRevision, PAGE_CHANGES);
    let text = '';
    for (const change of page) {
      text += eventText('change', await transformed(change, transform, log));
      sentRevision = change.revision;
      if (text.length < CHUNK_CHARS) continue;
      yield text;
      if (signal.aborted) return;
      text = '';
    }
    // A page may hold changes younger than the cursor; then there is more to read before a state is complete.
    const isComplete = page.length < PAGE_CHANGES && sentRevision <= cursor.revision;
    if (isComplete && formatCursor(cursor) !== syncedCursor) {
      syncedCursor = formatCursor(cursor);
      text += eventText('synced', cursor, syncedCursor);
    }
    if (text !== '') yield text;
    else if (isComplete && !(await wakeUp.wait(heartbeatMs))) yield ': heartbeat\n\n';
  }
}

async function transformed(
  change: Change,
  transform: StreamFeedOptions['transform'],
  log: StreamFeedOptions['log'],
): Promise<Change> {
  if (transform === undefined || change.body === null) return change;
  try {
    return await transform(change);
  } catch (error) {
    const { kind, id } = change;
    log({ message: 'a change could not be prepared for the edge and is sent as unusable', error, kind, id });
    return unusableChange(change, 'the API could not prepare this document');
  }
}

/** JSON holds no line breaks, so one data line is enough. */
function eventText(name: string, data: object, id?: string): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** A bell that stays rung until it is cleared. */
class WakeUp {
  #isRung = false;
  #waiter: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#waiter?.();
  }

  clear(): void {
    this.#isRung = false;
  }

  /** True when it rang, false after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (this.#isRung) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiter = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#waiter = undefined;
    return this.#isRung;
  }
}
