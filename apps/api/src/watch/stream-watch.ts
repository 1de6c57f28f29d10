import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PosternError, type WatchEventData } from '@postern/contracts';
import type { Seen } from './watched-resources.ts';

/** Milliseconds between two looks: many writes in a row become one event. */
const LOOK_EVERY_MS = 100;

const HEARTBEAT = new TextEncoder().encode(': still here\n\n');

interface WatchParts {
  /** What was seen when the call came. */
  readonly first: readonly Seen[];
  readonly look: () => Promise<readonly Seen[]>;
  /** True for a watch of one named resource: that it is missing means it was deleted. */
  readonly isOne: boolean;
  readonly lastEventId: string | null;
  /** Tells when something may have changed; returns the way to stop. */
  readonly onWrite: (listener: () => void) => () => void;
  readonly signal: AbortSignal;
  readonly heartbeatMs: number;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Streams what a watch sees as server-sent events: the present state, `synced`, then each difference between two looks.
 * It looks only when the reader has taken what came before, so a slow reader holds one look's events at most.
 * Ends with the signal, and when a look fails.
 */
export function streamWatch(parts: WatchParts): ReadableStream<Uint8Array> {
  const { signal } = parts;
  const known = new KnownState();
  let wake = new AbortController();
  let isStale = true;
  let isFirst = true;
  const off = parts.onWrite(() => {
    isStale = true;
    wake.abort();
  });
  const end = () => off();

  const wait = async (ms: number) => {
    wake = new AbortController();
    if (isStale) return;
    await sleep(ms, undefined, { signal: AbortSignal.any([wake.signal, signal]) }).catch(() => undefined);
  };
  const nextBytes = async (): Promise<Uint8Array | undefined> => {
    if (isFirst) {
      isFirst = false;
      return encode(known.begin(parts.first, parts.lastEventId));
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    await wait(parts.heartbeatMs);
    if (signal.aborted) return undefined;
    isStale = false;
    // Also without a sign: an edge that falls silent and a certificate that expires give none.
    const events = known.update(await look(parts));
    return events.length === 0 ? HEARTBEAT : encode(events);
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = signal.aborted ? undefined : await nextBytes();
          if (bytes !== undefined) return controller.enqueue(bytes);
        } catch (error) {
          parts.onFailure(error);
        }
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

async function look(parts: WatchParts): Promise<readonly Seen[]> {
  try {
    return await parts.look();
  } catch (error) {
    if (parts.isOne && error instanceof PosternError && error.code === 'not_found') return [];
    throw error;
  }
}

interface Event {
  readonly type: string;
  readonly id: string;
  readonly data: WatchEventData;
}

/** What the reader knows: a hash for each resource, and one over all of them as the id of events. */
class KnownState {
  readonly #hashes = new Map<string, Buffer>();
  /** The hashes of all resources added up without carry, so that one that comes or goes costs one step. */
  readonly #sum = Buffer.alloc(16);

  begin(seen: readonly Seen[], lastEventId: string | null): Event[] {
    const events = seen.map((resource) => this.#put('present', resource));
    const id = this.#id();
    if (lastEventId === id) return [{ type: 'synced', id, data: { resumed: true } }];
    return [...events, { type: 'synced', id, data: { resumed: false } }];
  }

  update(seen: readonly Seen[]): Event[] {
    const events: Event[] = [];
    const names = new Set(seen.map((resource) => resource.name));
    for (const name of [...this.#hashes.keys()]) if (!names.has(name)) events.push(this.#remove(name));
    for (const resource of seen) {
      const before = this.#hashes.get(resource.name);
      if (before?.equals(hashOf(resource)) === true) continue;
      events.push(this.#put(before === undefined ? 'added' : 'changed', resource));
    }
    return events;
  }

  #put(type: string, resource: Seen): Event {
    const hash = hashOf(resource);
    this.#add(this.#hashes.get(resource.name));
    this.#hashes.set(resource.name, hash);
    this.#add(hash);
    return { type, id: this.#id(), data: { resource: { ...resource } } };
  }

  #remove(name: string): Event {
    this.#add(this.#hashes.get(name));
    this.#hashes.delete(name);
    return { type: 'deleted', id: this.#id(), data: { name } };
  }

  #add(hash: Buffer | undefined): void {
    for (let n = 0; hash !== undefined && n < this.#sum.length; n += 1)
      this.#sum.writeUInt8(this.#sum.readUInt8(n) ^ hash.readUInt8(n), n);
  }

  #id(): string {
    return this.#sum.toString('base64url');
  }
}

function hashOf(resource: Seen): Buffer {
  return createHash('sha256').update(JSON.stringify(resource)).digest().subarray(0, 16);
}

function encode(events: readonly Event[]): Uint8Array {
  const text = events.map(
    ({ type, id, data }) => `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`,
  );
  return new TextEncoder().encode(text.join(''));
}
