import type { Log } from '@postern/contracts';
import pino from 'pino';

/** Makes a log of JSON lines on standard error (or on `destination`, a file or a file descriptor). */
export function createLog(part: string, destination: string | number = 2): Log {
  return pino(
    {
      base: { part },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    pino.destination({ dest: destination, sync: true }),
  );
}
