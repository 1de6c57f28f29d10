import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** POSTERN_DATA_DIR, absolute; by default `postern` below the user's data folder. */
export function readDataDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(
    env.POSTERN_DATA_DIR || join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'postern'),
  );
}

/** POSTERN_LOG_LEVEL as it stands; undefined when unset or empty. */
export function readLogLevel(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env.POSTERN_LOG_LEVEL || undefined;
}
