/** `skip`: it could not be looked at, because of something that failed before. */
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'skip';

/** One look at an installation. */
export interface Check {
  /** Stable word, like `api`. */
  readonly name: string;
  readonly status: CheckStatus;
  /** One line: what was found. */
  readonly detail: string;
  /** What to do about it; on everything but a pass where there is something. */
  readonly hint?: string;
}

/** Makes a check; `hint` undefined is left out. */
export function check(name: string, status: CheckStatus, detail: string, hint?: string): Check {
  return { name, status, detail, ...(hint === undefined ? {} : { hint }) };
}
