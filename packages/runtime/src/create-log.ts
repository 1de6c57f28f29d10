import { LOG_LEVELS, type Log, type LogLevel, PosternError } from '@postern/contracts/plain';
import pino from 'pino';
import { readLogLevel } from './env.ts';

export interface LogOptions {
  /** What holds without POSTERN_LOG_LEVEL; `info` when absent. */
  readonly level?: LogLevel | undefined;
  /** A file in place of standard error. */
  readonly file?: string;
}

/**
 * Makes a part's log: JSON lines on standard error, where they do not mix with data. POSTERN_LOG_LEVEL sets the level.
 * Fails with `validation_failed` where that is none.
 */
export function createLog(part: string, options: LogOptions = {}): Log {
  const level = readLogLevel() ?? options.level ?? 'info';
  if (!LOG_LEVELS.some((known) => known === level)) {
    throw new PosternError('validation_failed', {
      detail: `POSTERN_LOG_LEVEL: "${level}" is none of ${LOG_LEVELS.join(', ')}`,
    });
  }
  return pino(
    {
      level,
      base: { part, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: options.file ?? 2, sync: true }),
  );
}
