import { setTimeout as sleep } from 'node:timers/promises';
import { PosternError } from '@postern/contracts';

/** Watches open at a time, over all callers and for one token. */
const WATCHES_MAX = 256;
const WATCHES_PER_TOKEN_MAX = 64;
/** Seconds after which a refused watch may be tried again. */
const RETRY_AFTER_SECONDS = 10;
/** After each look the others wait this many times as long as it took, so that watches never hold more than a quarter of the loop. */
const PAUSE_PER_LOOK = 3;

/** Who watches, and whose turn it is to look: watches cost the API a bounded share however many there are. */
export class WatchRegistry {
  readonly #byToken = new Map<string, number>();
  #count = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** Counts a watch in; the returned function counts it out. `unavailable` when there are too many. */
  enter(tokenId: string): () => void {
    const own = this.#byToken.get(tokenId) ?? 0;
    if (this.#count >= WATCHES_MAX || own >= WATCHES_PER_TOKEN_MAX) {
      const detail = `too many watches are open: at most ${WATCHES_PER_TOKEN_MAX} for one token and ${WATCHES_MAX} in all`;
      throw new PosternError('unavailable', { detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    this.#byToken.set(tokenId, own + 1);
    this.#count += 1;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#count -= 1;
      const left = (this.#byToken.get(tokenId) ?? 1) - 1;
      if (left === 0) this.#byToken.delete(tokenId);
      else this.#byToken.set(tokenId, left);
    };
  }

  /** Runs a look when those before it are done and their pauses over. */
  inTurn<T>(look: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      const startedAt = performance.now();
      try {
        return { value: await look(), tookMs: performance.now() - startedAt };
      } catch (error) {
        return { error, tookMs: performance.now() - startedAt };
      }
    });
    this.#turn = result.then(({ tookMs }) => sleep(Math.min(1000, tookMs * PAUSE_PER_LOOK)));
    return result.then((outcome) => {
      if ('error' in outcome) throw outcome.error;
      return outcome.value as T;
    });
  }
}
