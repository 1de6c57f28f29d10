/** What text is laid out for. */
export interface OutputLayout {
  /** A person reads it on a terminal: columns are aligned. Else they are separated by one tab. */
  readonly terminal: boolean;
  /** Characters in a line; Infinity where nothing needs to fit. */
  readonly columns: number;
  readonly colour: boolean;
  /** `-o wide`: all columns, nothing shortened. */
  readonly wide: boolean;
}

/** The part of a stream that says what it can show. */
interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What a stream is laid out for; FORCE_COLOR and NO_COLOR (in this order) decide about colour, else the terminal. */
export function layoutOf(
  stream: Screen,
  colours: { readonly force: boolean; readonly never: boolean },
  wide = false,
): OutputLayout {
  const terminal = stream.isTTY === true;
  return {
    terminal,
    columns: terminal && !wide ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY,
    colour: colours.force || (terminal && !colours.never),
    wide,
  };
}
