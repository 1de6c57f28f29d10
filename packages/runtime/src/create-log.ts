import { createRequire } from 'node:module';
import { LOG_LEVELS, type Log, type LogLevel, PosternError } from '@postern/contracts/plain';
import type pino from 'pino';
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
  let opened: Log | undefined;
  // With the first line: an edge starts without one, and pino takes 25 ms to load.
  const lines = (): Log => {
    opened ??= openLog(part, level, options.file);
    return opened;
  };
  // A file that cannot be written is told at once.
  if (options.file !== undefined) lines();
  return {
    debug: (fields, message) => lines().debug(fields, message),
    info: (fields, message) => lines().info(fields, message),
    warn: (fields, message) => lines().warn(fields, message),
    error: (fields, message) => lines().error(fields, message),
  };
}

function openLog(part: string, level: string, file: string | undefined): Log {
  const load = createRequire(import.meta.url)('pino') as typeof pino;
  return load(
    {
      level,
      base: { part, pid: process.pid },
      timestamp: load.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    load.destination({ dest: file ?? 2, sync: true }),
  );
}
