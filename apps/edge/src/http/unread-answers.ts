/** One answer that has been written in whole, as far as the edge is concerned. */
interface UnreadAnswer {
  /** Bytes that the client has yet to take. */
  readonly bytes: () => number;
  readonly cut: () => void;
  lastBytes: number;
}

/** Answers whose clients have not taken them yet; clients that take nothing more are cut off. */
export interface UnreadAnswers {
  /** Watches one answer until the returned function is called. */
  watch(bytes: () => number, cut: () => void): () => void;
  close(): void;
}

/**
 * Cuts an answer whose client took nothing of it for `idleMs` (up to twice that): without it, a client that opens no window or
 * reads no byte would keep its connection for ever, beyond the reach of every idle time. One timer for all of them.
 */
export function watchUnreadAnswers(idleMs: number): UnreadAnswers {
  const answers = new Set<UnreadAnswer>();
  const timer = setInterval(() => {
    for (const answer of answers) {
      const bytes = answer.bytes();
      if (bytes === answer.lastBytes) answer.cut();
      answer.lastBytes = bytes;
    }
  }, idleMs).unref();
  return {
    watch(bytes, cut) {
      const answer: UnreadAnswer = { bytes, cut, lastBytes: Number.NaN };
      answers.add(answer);
      return () => {
        answers.delete(answer);
      };
    },
    close() {
      clearInterval(timer);
    },
  };
}
