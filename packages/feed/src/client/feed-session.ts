import { type Change, type Cursor, readWire } from '@postern/contracts/plain';
import type { EventSourceMessage } from 'eventsource-parser';
import { formatCursor } from '../cursor-text.ts';
import { FEED_LIMITS } from './feed-limits.ts';
import type { FeedApplied, FeedSink } from './feed-sink.ts';

/** What a server sent that no working server sends, or more than is held; the connection is given up. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
  /** The next attempt asks for a full copy. */
  readonly wantsResync: boolean;

  constructor(message: string, wantsResync = false) {
    super(message);
    this.wantsResync = wantsResync;
  }
}

/**
 * Reads the events of one connection into the sink. Changes are held until the `synced` that completes them, so a
 * connection that breaks before leaves the sink as it was; those of a full copy are staged in pieces.
 */
export class FeedSession {
  readonly #sink: FeedSink;
  readonly #onApplied: (applied: FeedApplied) => void;
  #held: Change[] = [];
  #heldChars = 0;
  #lastRevision: number;
  #isResync = false;
  #isFirst = true;

  /** `after` is the cursor that was asked for; without one the server must begin a full copy. */
  constructor(sink: FeedSink, after: Cursor | null, onApplied: (applied: FeedApplied) => void) {
    this.#sink = sink;
    this.#onApplied = onApplied;
    this.#lastRevision = after?.revision ?? -1;
  }

  /** Throws FeedError for what cannot be read; errors of the sink and of onApplied pass through. */
  take(event: EventSourceMessage): 'synced' | 'more' {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (event.event === 'resync') {
      parseData('resync', event);
      if (!isFirst) throw new FeedError('a full copy began in the middle of a stream');
      this.#sink.beginResync();
      this.#isResync = true;
      this.#lastRevision = 0;
      return 'more';
    }
    if (this.#lastRevision < 0) throw new FeedError('the stream did not begin with a full copy');
    if (event.event === 'change') {
      this.#hold(parseData('change', event), event.data.length);
      return 'more';
    }
    if (event.event === 'synced') {
      this.#complete(parseData('cursor', event), event.id);
      return 'synced';
    }
    throw new FeedError(`unknown event ${JSON.stringify((event.event ?? '').slice(0, 40))}`);
  }

  #hold(change: Change, chars: number): void {
    if (change.revision <= this.#lastRevision)
      throw new FeedError(`revision ${change.revision} came after ${this.#lastRevision}`);
    this.#lastRevision = change.revision;
    this.#held.push(change);
    this.#heldChars += chars;
    if (!this.#isResync) {
      if (this.#heldChars > FEED_LIMITS.batchCharsMax)
        throw new FeedError('more changes than are held at once: a full copy is taken', true);
    } else if (
      this.#held.length >= FEED_LIMITS.stageChangesMax ||
      this.#heldChars >= FEED_LIMITS.stageCharsMax
    ) {
      this.#sink.stage(this.#takeHeld());
    }
  }

  #complete(cursor: Cursor, id: string | undefined): void {
    if (id !== formatCursor(cursor) || cursor.revision < this.#lastRevision)
      throw new FeedError(`the state at ${formatCursor(cursor)} does not fit the changes before it`);
    this.#lastRevision = cursor.revision;
    const changes = this.#takeHeld();
    if (this.#isResync) {
      this.#isResync = false;
      if (changes.length > 0) this.#sink.stage(changes);
      this.#sink.finishResync(cursor);
      this.#onApplied({ ids: 'all', cursor });
      return;
    }
    this.#sink.apply(changes, cursor);
    this.#onApplied({ ids: changes.map(({ kind, id: changed }) => ({ kind, id: changed })), cursor });
  }

  #takeHeld(): Change[] {
    const held = this.#held;
    this.#held = [];
    this.#heldChars = 0;
    return held;
  }
}

function parseData<F extends Parameters<typeof readWire>[0]>(form: F, event: EventSourceMessage) {
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch {
    throw new FeedError(`a ${event.event ?? ''} event is not JSON`);
  }
  const read = readWire(form, data);
  if (read !== undefined) return read;
  throw new FeedError(`a ${event.event ?? ''} event has another form`);
}
