export interface RoundsOptions {
  /** Does what is to be done now; gives the milliseconds until the next round. What it starts beside itself ends by itself. */
  readonly round: (stopping: AbortSignal) => Promise<number>;
  /** Milliseconds until the next round after one that failed. */
  readonly afterFailureMs: number;
  readonly onFailure: (error: unknown) => void;
}

export interface Rounds {
  /** Begins the next round at once, or as soon as the present one has ended. */
  wake(): void;
  /** Begins no other round; resolves when the present one has ended. */
  stop(): Promise<void>;
}

/** Does one round after the other, the first at once: each when the time has come that the former gave, or when it is woken. */
export function startRounds({ round, afterFailureMs, onFailure }: RoundsOptions): Rounds {
  const stopping = new AbortController();
  let isWoken = false;
  let endPause = (): void => {};
  const wake = (): void => {
    isWoken = true;
    endPause();
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // Before the round: what is written while it reads may be what it did not see.
      isWoken = false;
      const waitMs = await round(stopping.signal).catch((error: unknown) => {
        onFailure(error);
        return afterFailureMs;
      });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
        if (isWoken || stopping.signal.aborted) endPause();
      });
    }
  };
  const running = run();

  return {
    wake,
    async stop() {
      stopping.abort();
      wake();
      await running;
    },
  };
}
