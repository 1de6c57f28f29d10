import { readFileSync } from 'node:fs';

/** What the first thread of a process, which is that of its JavaScript, had of the processors so far, in milliseconds. */
export interface ThreadTime {
  readonly workedMs: number;
  /** It could have worked, and others had the processors. */
  readonly waitedMs: number;
}

/** Linux only: reads /proc. */
export function threadTimeOf(pid: number): ThreadTime {
  const [worked, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return { workedMs: Number(worked) / 1e6, waitedMs: Number(waited) / 1e6 };
}

/** What it had between two moments. */
export function timeBetween(before: ThreadTime, after: ThreadTime): ThreadTime {
  return { workedMs: after.workedMs - before.workedMs, waitedMs: after.waitedMs - before.waitedMs };
}
