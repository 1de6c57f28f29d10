import { closeSync, fstatSync, openSync, write } from 'node:fs';
import { PosternError } from '@postern/contracts/plain';

/** Bytes that wait for a slow disk or reader; what comes on top is dropped and counted, so that serving never waits. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes written at once to a pipe: POSIX keeps writes up to PIPE_BUF whole, and several workers share one pipe. */
const PIPE_WRITE_BYTES_MAX = 4096;
const FILE_WRITE_BYTES_MAX = 256 * 1024;
/** Milliseconds until a full non-blocking pipe is tried again. */
const RETRY_MS = 20;

/** What one request was and how it ended. */
export interface AccessEntry {
  /** When the request began, ISO 8601. */
  readonly time: string;
  readonly requestId: string;
  host: string;
  route: string | null;
  rule: string | null;
  service: string | null;
  /** The target that took the request. */
  target: string | null;
  readonly method: string;
  /** Without the query, which may hold secrets; cut at 1,024 characters. */
  readonly path: string;
  /** 0: the connection was ended without an answer. */
  status: number;
  bytesIn: number;
  bytesOut: number;
  durationMs: number;
  /** From the connected request to the response head; null when no upstream was asked. */
  upstreamMs: number | null;
  readonly clientAddress: string;
  readonly protocol: string;
  readonly tlsVersion: string;
  readonly clientFingerprint: string | null;
  /** Common names and DNS names of an admitted or refused client certificate, at most ten. */
  readonly clientNames: readonly string[] | null;
  /** Problem code of an answer made by the edge, and the reason word of a refusal. */
  code: string | null;
  reason: string | null;
  /** Id of the entry in the refusal ledger. */
  refusal: string | null;
  /** The place of this request among the refusals of that entry: of many only the first ten and each thousandth have a line. */
  refusals: number | null;
  /** The answer broke off: by the client, the upstream, or a policy change. */
  aborted: boolean;
}

/** One JSON line per request. */
export interface AccessLog {
  write(entry: AccessEntry): void;
  /** Resolves when what was written so far is out, or cannot be written. */
  flush(): Promise<void>;
  /** Lines dropped so far. */
  dropped(): number;
  close(): Promise<void>;
}

/** Opens the log: `json` is stdout, `off` nothing, anything else a file that is appended to (0640). */
export function createAccessLog(destination: string): AccessLog {
  if (destination === 'off') {
    return {
      write: () => undefined,
      flush: async () => undefined,
      dropped: () => 0,
      close: async () => undefined,
    };
  }
  return createLineLog(destination === 'json' ? 1 : openFile(destination));
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a', 0o640);
  } catch (error) {
    throw new PosternError('internal', {
      detail: `POSTERN_ACCESS_LOG: the file ${path} cannot be opened for appending.`,
      cause: error,
    });
  }
}

function createLineLog(descriptor: number): AccessLog {
  const atOnce = fstatSync(descriptor).isFile() ? FILE_WRITE_BYTES_MAX : PIPE_WRITE_BYTES_MAX;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let drops = 0;
  let writing = false;
  let flushed: (() => void)[] = [];

  const next = (): void => {
    const batch: Buffer[] = [];
    let bytes = 0;
    for (const line of waiting) {
      if (batch.length > 0 && bytes + line.length > atOnce) break;
      batch.push(line);
      bytes += line.length;
    }
    waiting = waiting.slice(batch.length);
    if (batch.length === 0) {
      writing = false;
      const done = flushed;
      flushed = [];
      for (const resolve of done) resolve();
      return;
    }
    writing = true;
    put(Buffer.concat(batch), batch.length);
  };
  const put = (bytes: Buffer, lines: number): void => {
    write(descriptor, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(put, RETRY_MS, bytes, lines);
        return;
      }
      if (error !== null) drops += lines;
      waitingBytes -= error === null ? written : bytes.length;
      if (error === null && written < bytes.length) put(bytes.subarray(written), lines);
      else next();
    });
  };
  const flush = (): Promise<void> =>
    new Promise((resolve) => {
      if (writing) flushed.push(resolve);
      else resolve();
    });
  return {
    write(entry) {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      if (waitingBytes + line.length > WAITING_BYTES_MAX) {
        drops += 1;
        return;
      }
      waiting.push(line);
      waitingBytes += line.length;
      if (!writing) {
        writing = true;
        setImmediate(next);
      }
    },
    flush,
    dropped: () => drops,
    async close() {
      await flush();
      if (descriptor > 2) closeSync(descriptor);
    },
  };
}
