import type { Log } from '@postern/contracts';
import type { Store, TokenRecord } from '@postern/store';

/** Milliseconds. How far behind the noted last use of a token may be: a note is a write to the disk. */
const NOTE_MS = 300_000;
/** Milliseconds. The longest that setTimeout can wait; later ends are looked at again. */
const TIMER_MS_MAX = 2 ** 31 - 1;

interface TokenCallsParts {
  readonly store: Pick<Store, 'noteTokenUse'>;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Aborted when the API stops. */
  readonly stopping: AbortSignal;
}

/** The calls under way of every token: they end with it, at its revocation or when it expires. */
export class TokenCalls {
  readonly #parts: TokenCallsParts;
  /** One for each token that was used or ended; an ended one stays, for a call that was let in just before. */
  readonly #controllers = new Map<string, AbortController>();
  readonly #notedAt = new Map<string, number>();

  constructor(parts: TokenCallsParts) {
    this.#parts = parts;
  }

  /** Aborted when the token is revoked or expires, or when the API stops. One for all calls of a token. */
  signalOf(token: TokenRecord): AbortSignal {
    const known = this.#controllers.get(token.id);
    if (known !== undefined) return known.signal;
    const { signal } = this.#controllerOf(token.id);
    if (token.expiresAt !== null) this.#endAt(token.id, token.expiresAt, signal);
    return signal;
  }

  /** Ends every call of a token. To be called after its revocation is stored: a call that comes later is refused. */
  end(id: string): void {
    this.#controllerOf(id).abort();
  }

  /** Notes a use of a token, not more often than every few minutes. A note that fails is no reason to refuse the call. */
  async noteUse(token: TokenRecord): Promise<void> {
    const { store, log, now } = this.#parts;
    const notedAt = this.#notedAt.get(token.id) ?? token.lastUsedAt;
    if (notedAt !== null && Math.abs(now() - notedAt) < NOTE_MS) return;
    this.#notedAt.set(token.id, now());
    try {
      await store.noteTokenUse(token.id);
    } catch (error) {
      log.warn({ tokenId: token.id, err: error }, 'the last use of a token could not be noted');
    }
  }

  #controllerOf(id: string): AbortController {
    const known = this.#controllers.get(id);
    if (known !== undefined) return known;
    const controller = new AbortController();
    const { stopping } = this.#parts;
    const stop = () => controller.abort();
    stopping.addEventListener('abort', stop, { once: true, signal: controller.signal });
    if (stopping.aborted) stop();
    this.#controllers.set(id, controller);
    return controller;
  }

  #endAt(id: string, expiresAt: number, signal: AbortSignal): void {
    const waitMs = expiresAt - this.#parts.now();
    if (waitMs <= 0) {
      this.end(id);
      return;
    }
    const timer = setTimeout(() => this.#endAt(id, expiresAt, signal), Math.min(waitMs, TIMER_MS_MAX));
    timer.unref();
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }
}
