import { writeSync } from 'node:fs';
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
  const wanted = readLogLevel() ?? options.level ?? 'info';
  const level = LOG_LEVELS.find((known) => known === wanted);
  if (level === undefined) {
    throw new PosternError('validation_failed', {
      detail: `POSTERN_LOG_LEVEL: "${wanted}" is none of ${LOG_LEVELS.join(', ')}`,
    });
  }
  let opened = options.file === undefined ? undefined : openLog(part, level, options.file);
  const write = (at: LogLevel, fields: object, message: string): void => {
    // With the first line that is written: an edge starts without one, and pino takes 25 ms to load.
    if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level)) return;
    try {
      opened ??= openLog(part, level);
    } catch {
      writePlainly(part, at, fields, message);
      return;
    }
    opened[at](fields, message);
  };
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  };
}

/** A line where pino cannot be loaded: no descriptor is left, or its files are just being replaced. No line is worth a process that ends. */
function writePlainly(part: string, level: LogLevel, fields: object, message: string): void {
  const line = { level, time: new Date().toISOString(), part, pid: process.pid, ...fields, msg: message };
  try {
    const text = JSON.stringify(line, (_, value) =>
      value instanceof Error ? { message: value.message } : value,
    );
    writeSync(2, `${text}\n`);
  } catch {}
}

function openLog(part: string, level: LogLevel, file?: string): Log {
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
