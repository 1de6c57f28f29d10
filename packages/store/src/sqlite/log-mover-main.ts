import { workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** What is written meanwhile is moved as well, so that the log begins anew; a writer that never rests does it itself at the bound. */
const ROUNDS_MAX = 5;

const connection = new Database(String(workerData), { fileMustExist: true });
try {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const [state] = connection.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
    if (state === undefined || state.checkpointed >= state.log) break;
  }
} finally {
  connection.close();
}
