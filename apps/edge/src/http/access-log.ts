import { closeSync, fstatSync, openSync, write, writeSync } from 'node:fs';
import { PosternError } from '@postern/contracts/plain';
import { type AccessEntry, accessLine } from './access-line.ts';

/** Bytes that wait for a slow disk or reader; what comes on top is dropped and counted, so that serving never waits. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes written at once to a pipe: POSIX keeps writes up to PIPE_BUF whole, and several workers share one pipe. */
const PIPE_WRITE_BYTES_MAX = 4096;
const FILE_WRITE_BYTES_MAX = 64 * 1024;
/** Milliseconds that lines are gathered: a write for each turn of the loop would cost more than the lines. */
const GATHER_MS = 100;
/** Milliseconds until a full non-blocking pipe is tried again. */
const RETRY_MS = 20;
const LF = 0x0a;
const LINE_END = Buffer.of(LF);
const encoder = new TextEncoder();

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
  return new LineLog(destination === 'json' ? 1 : openFile(destination));
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

/** Whole lines on their way out. */
interface Batch {
  bytes: Buffer;
  /** What can be filled again when they are out. */
  readonly room: Buffer | null;
}

class LineLog implements AccessLog {
  readonly #descriptor: number;
  readonly #batchBytes: number;
  /** Lines that are gathered: room for a batch, and what of it is used. */
  #room: Buffer;
  /** Room that is used again: a new one for each batch would be garbage by the megabyte. */
  #spare: Buffer | null = null;
  #used = 0;
  #timer: NodeJS.Timeout | null = null;
  /** In order; the first one is being written. */
  #batches: Batch[] = [];
  #waitingBytes = 0;
  #drops = 0;
  #isWriting = false;
  /** What is out ends in the middle of a line. */
  #isTorn = false;
  #flushed: (() => void)[] = [];

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#batchBytes = fstatSync(descriptor).isFile() ? FILE_WRITE_BYTES_MAX : PIPE_WRITE_BYTES_MAX;
    this.#room = Buffer.allocUnsafeSlow(this.#batchBytes);
    process.on('exit', this.#onExit);
  }

  write(entry: AccessEntry): void {
    const line = accessLine(entry);
    if (this.#waitingBytes + this.#used + line.length > WAITING_BYTES_MAX) {
      this.#drops += 1;
      return;
    }
    if (!this.#gather(line)) {
      this.#send();
      if (!this.#gather(line)) {
        this.#add({ bytes: Buffer.from(line), room: null });
        return;
      }
    }
    this.#timer ??= setTimeout(this.#onGathered, GATHER_MS);
  }

  /** False: the room that is left is too small for it. One look at the text for both: to ask for its bytes first costs as much again. */
  #gather(line: string): boolean {
    const { read, written } = encoder.encodeInto(line, this.#room.subarray(this.#used));
    if (read < line.length) return false;
    this.#used += written;
    return true;
  }

  flush(): Promise<void> {
    this.#send();
    return new Promise((resolve) => {
      if (this.#isWriting) this.#flushed.push(resolve);
      else resolve();
    });
  }

  dropped(): number {
    return this.#drops;
  }

  async close(): Promise<void> {
    await this.flush();
    process.off('exit', this.#onExit);
    if (this.#descriptor > 2) closeSync(this.#descriptor);
  }

  readonly #onGathered = (): void => {
    this.#timer = null;
    this.#send();
  };

  /** The last lines of a process that ends without closing its log; what is being written is left to the system. */
  readonly #onExit = (): void => {
    this.#send();
    try {
      for (const { bytes } of this.#batches.slice(this.#isWriting ? 1 : 0))
        writeSync(this.#descriptor, bytes);
    } catch {
      // A full pipe, or a disk that takes no more: there is no time left to wait for it.
    }
  };

  /** Sends what is gathered. */
  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#used === 0) return;
    const room = this.#room;
    const batch = { bytes: room.subarray(0, this.#used), room };
    this.#room = this.#spare ?? Buffer.allocUnsafeSlow(this.#batchBytes);
    this.#spare = null;
    this.#used = 0;
    this.#add(batch);
  }

  #add(batch: Batch): void {
    this.#batches.push(batch);
    this.#waitingBytes += batch.bytes.length;
    if (!this.#isWriting) this.#next();
  }

  #next(): void {
    const [batch] = this.#batches;
    this.#isWriting = batch !== undefined;
    if (batch !== undefined) {
      // Behind a part of a line, for which a full disk had room, the next one would be lost as well.
      if (this.#isTorn) {
        batch.bytes = Buffer.concat([LINE_END, batch.bytes]);
        this.#waitingBytes += LINE_END.length;
      }
      this.#put(batch);
      return;
    }
    const done = this.#flushed;
    this.#flushed = [];
    for (const resolve of done) resolve();
  }

  #put(batch: Batch): void {
    write(this.#descriptor, batch.bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#put(batch), RETRY_MS);
        return;
      }
      const { bytes } = batch;
      if (error === null) this.#isTorn = bytes[written - 1] !== LF;
      else this.#drops += linesIn(bytes);
      this.#waitingBytes -= error === null ? written : bytes.length;
      if (error === null && written < bytes.length) {
        batch.bytes = bytes.subarray(written);
        this.#put(batch);
        return;
      }
      this.#batches.shift();
      this.#spare = batch.room ?? this.#spare;
      this.#next();
    });
  }
}

/** How many lines end in these bytes, of which the first may end what is out already. */
function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF, 1); at !== -1; at = bytes.indexOf(LF, at + 1)) lines += 1;
  return lines;
}
