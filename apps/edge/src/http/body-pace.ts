/** Measures who keeps a request body waiting. Nothing is measured until a turn is given. */
export interface BodyPace {
  /** The edge is ready to read: what does not come now is the client's doing. */
  clientsTurn(): void;
  /** The upstream takes no more, or has not asked for the body yet: the client's time stands still. */
  upstreamsTurn(): void;
  /** Bytes came; it is the client's turn again. */
  received(bytes: number): void;
  /** Ends it for good. */
  stop(): void;
}

export interface BodyPaceOptions {
  /** Bytes per second that the client must bring on its turns. */
  readonly bytesPerSecondMin: number;
  /** Milliseconds that it may lag behind at the beginning. */
  readonly graceMs: number;
  /** Milliseconds that either side may pause, however much it has brought before. */
  readonly idleMs: number;
  /** Called once, when a side has used up its time. */
  readonly onSlow: (who: 'client' | 'upstream') => void;
}

/**
 * The client's time is an allowance: its turns use it up, each byte adds to it by the minimum rate, and it never grows
 * over the idle time. So a body that came fast may pause, and one that drips in is ended early.
 */
export function createBodyPace(options: BodyPaceOptions): BodyPace {
  const { idleMs, onSlow } = options;
  const msPerByte = 1000 / options.bytesPerSecondMin;
  let allowanceMs = Math.min(options.graceMs, idleMs);
  let turn: 'client' | 'upstream' | null = null;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let armedFor = 0;
  let stopped = false;

  const deadline = (): number => since + (turn === 'client' ? allowanceMs : idleMs);
  const check = (): void => {
    timer = undefined;
    if (deadline() > performance.now()) arm();
    else if (turn !== null) {
      stopped = true;
      onSlow(turn);
    }
  };
  const arm = (): void => {
    // A deadline that moves away is looked at when the old one passes: no timer is set for each chunk.
    if (timer !== undefined && armedFor <= deadline()) return;
    clearTimeout(timer);
    armedFor = deadline();
    timer = setTimeout(check, Math.max(1, armedFor - performance.now()));
  };
  const give = (next: 'client' | 'upstream', bytes: number): void => {
    if (stopped) return;
    const now = performance.now();
    if (turn === 'client') allowanceMs -= now - since;
    allowanceMs = Math.min(idleMs, allowanceMs + bytes * msPerByte);
    turn = next;
    since = now;
    arm();
  };
  return {
    clientsTurn: () => give('client', 0),
    upstreamsTurn: () => give('upstream', 0),
    received: (bytes) => give('client', bytes),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
