import { type Member, Roster } from '../roster.ts';

/** One answer that has been written in whole, as far as the edge is concerned. */
export abstract class UnreadAnswer implements Member {
  /** Of those watched. */
  place = -1;
  /** What `unreadBytes` said at the last look. */
  lastBytes = Number.NaN;
  /** Bytes that the client has yet to take. */
  abstract unreadBytes(): number;
  /** Ends it; the client took nothing for too long. */
  abstract cut(): void;
}

/** Answers whose clients have not taken them yet; clients that take nothing more are cut off. */
export interface UnreadAnswers {
  watch(answer: UnreadAnswer): void;
  /** Without effect for one that is not watched. */
  forget(answer: UnreadAnswer): void;
  close(): void;
}

/**
 * Cuts an answer whose client took nothing of it for `idleMs` (up to twice that): without it, a client that opens no window or
 * reads no byte would keep its connection for ever, beyond the reach of every idle time. One timer for all of them.
 */
export function watchUnreadAnswers(idleMs: number): UnreadAnswers {
  const answers = new Roster<UnreadAnswer>();
  const timer = setInterval(() => {
    for (const answer of answers) {
      const bytes = answer.unreadBytes();
      if (bytes === answer.lastBytes) answer.cut();
      answer.lastBytes = bytes;
    }
  }, idleMs).unref();
  return {
    watch(answer) {
      if (answer.place < 0) answer.lastBytes = Number.NaN;
      answers.add(answer);
    },
    forget: (answer) => answers.delete(answer),
    close() {
      clearInterval(timer);
    },
  };
}
