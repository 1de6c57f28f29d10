import { type WatchEvent, type WatchEventData, watchEventData } from '@postern/contracts';
import type { ServerEvent } from './read-server-events.ts';
import { notPostern } from './unreachable-error.ts';

interface Named {
  readonly name: string;
}

/** What a watch has told so far: turns what a new connection repeats into what has changed since the last one. */
export class WatchedState<T extends Named> {
  /** Resources as they were told, in JSON, by name. */
  readonly #told = new Map<string, string>();
  /** Names that the present connection has listed. */
  readonly #listed = new Set<string>();
  #isSynced = false;
  /** What the API is asked to go on after; undefined before the first event. */
  lastEventId: string | undefined;

  /** A new connection begins, which tells everything again unless it can go on. */
  begin(): void {
    this.#listed.clear();
  }

  /** Gives what the reader of the watch is told of an event. Fails with UnreachableError for what no Postern API sends. */
  *take(event: ServerEvent, url: string): Generator<WatchEvent<T>> {
    const data = parseData(event, url);
    this.lastEventId = event.id ?? this.lastEventId;
    switch (event.type) {
      case 'present':
      case 'added':
      case 'changed':
        if (data.resource === undefined) throw notPostern(url);
        return yield* this.#takeResource(event.type, data.resource as unknown as T);
      case 'deleted':
        if (data.name === undefined) throw notPostern(url);
        return yield* this.#forget(data.name);
      case 'synced':
        return yield* this.#sync(data.resumed === true);
      default:
      // An event of a newer API: what is known stays right.
    }
  }

  *#takeResource(type: 'present' | 'added' | 'changed', resource: T): Generator<WatchEvent<T>> {
    const text = JSON.stringify(resource);
    const before = this.#told.get(resource.name);
    this.#listed.add(resource.name);
    this.#told.set(resource.name, text);
    if (before === text) return;
    if (!this.#isSynced) yield { type, resource };
    else yield { type: before === undefined ? 'added' : 'changed', resource };
  }

  *#sync(isResumed: boolean): Generator<WatchEvent<T>> {
    if (!this.#isSynced) yield { type: 'synced' };
    this.#isSynced = true;
    if (!isResumed) {
      for (const name of [...this.#told.keys()]) if (!this.#listed.has(name)) yield* this.#forget(name);
    }
  }

  *#forget(name: string): Generator<WatchEvent<T>> {
    if (this.#told.delete(name)) yield { type: 'deleted', name };
  }
}

function parseData(event: ServerEvent, url: string): WatchEventData {
  let json: unknown;
  try {
    json = JSON.parse(event.data);
  } catch (error) {
    throw notPostern(url, { cause: error });
  }
  const parsed = watchEventData.safeParse(json);
  if (!parsed.success) throw notPostern(url);
  return parsed.data;
}
