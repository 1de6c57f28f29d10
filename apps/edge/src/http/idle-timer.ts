/** Calls back once nothing has been moved for a time; off until `touch`. */
export interface IdleTimer {
  touch(): void;
  pause(): void;
  /** Ends it for good. */
  stop(): void;
}

/** Counts from the last `touch`. Milliseconds. */
export function createIdleTimer(limitMs: number, onIdle: () => void): IdleTimer {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    touch() {
      if (stopped) return;
      if (timer === undefined) timer = setTimeout(onIdle, limitMs);
      else timer.refresh();
    },
    pause() {
      clearTimeout(timer);
      timer = undefined;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
