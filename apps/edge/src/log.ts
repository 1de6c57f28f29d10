import type { Log } from '@postern/contracts';
import pino from 'pino';

/** Makes the edge's log: JSON lines on standard error, where it does not mix with the access log. */
export function createEdgeLog(): Log {
  return pino(
    {
      base: { part: 'edge', pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
