/** One answer that has been written in whole, as far as the edge is concerned. */
export abstract class UnreadAnswer {
  /** Where it stands in the list of those watched; -1: it is not. */
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
 * reads no byte would keep its connection for ever, beyond the reach of every idle time. One timer for all of them, and a list and no
 * Set for the reason that `deadlines` has.
 */
export function watchUnreadAnswers(idleMs: number): UnreadAnswers {
  const answers: UnreadAnswer[] = [];
  const timer = setInterval(() => {
    // From the end: whoever takes the place of one that leaves has been looked at.
    for (let place = answers.length - 1; place >= 0; place -= 1) {
      const answer = answers[place];
      if (answer === undefined) continue;
      const bytes = answer.unreadBytes();
      if (bytes === answer.lastBytes) answer.cut();
      answer.lastBytes = bytes;
    }
  }, idleMs).unref();
  return {
    watch(answer) {
      if (answer.place >= 0) return;
      answer.lastBytes = Number.NaN;
      answer.place = answers.push(answer) - 1;
    },
    forget(answer) {
      const { place } = answer;
      if (place < 0) return;
      answer.place = -1;
      const last = answers.pop();
      if (last === undefined || last === answer) return;
      answers[place] = last;
      last.place = place;
    },
    close() {
      clearInterval(timer);
    },
  };
}
