/** Calls back once nothing has been moved for a time. */
export interface IdleTimer {
  touch(): void;
  /** Ends it for good. */
  stop(): void;
}

/** Counts from now, and from each `touch`. Milliseconds; null: for ever. */
export function createIdleTimer(limitMs: number | null, onIdle: () => void): IdleTimer {
  let timer = limitMs === null ? undefined : setTimeout(onIdle, limitMs);
  return {
    touch() {
      timer?.refresh();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
