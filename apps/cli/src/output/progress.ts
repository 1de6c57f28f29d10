import type { OutputLayout } from './output-layout.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
/** Milliseconds between frames. */
const FRAME_MS = 100;
/** Milliseconds after which a wait is worth a word; most are over by then. A log is not told of every short one. */
const SHOWN_AFTER_MS = { terminal: 400, elsewhere: 3000 } as const;

/** A wait that a person sees. */
export interface Progress {
  /** What is waited for now. */
  update(text: string): void;
  /** Ends it and removes what it drew; more than once is once. */
  stop(): void;
}

/** Where progress is written: standard error, as a rule. */
interface ProgressStream {
  write(text: string): unknown;
}

/** Shows that something is waited for: a moving sign on a terminal, elsewhere one plain line for each thing waited for. */
export function startProgress(
  stream: ProgressStream,
  layout: Pick<OutputLayout, 'terminal' | 'columns'>,
  firstText: string,
): Progress {
  let text = firstText;
  let shown = '';
  let frame = 0;
  const draw = (): void => {
    if (layout.terminal) {
      const line = `${FRAMES[frame % FRAMES.length]} ${text}`.slice(0, layout.columns - 1);
      stream.write(`\r\u001b[K${line}`);
      shown = line;
      frame += 1;
    } else if (shown !== text) {
      stream.write(`${text}\n`);
      shown = text;
    }
  };
  let every: NodeJS.Timeout | undefined;
  const first = setTimeout(
    () => {
      draw();
      every = setInterval(draw, FRAME_MS);
    },
    SHOWN_AFTER_MS[layout.terminal ? 'terminal' : 'elsewhere'],
  );
  return {
    update(next) {
      text = next;
    },
    stop() {
      clearTimeout(first);
      clearInterval(every);
      if (layout.terminal && shown !== '') stream.write('\r\u001b[K');
      shown = '';
    },
  };
}
