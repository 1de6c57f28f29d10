import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the program takes from its environment. An empty variable counts as unset. */
export interface CliEnv {
  /** `POSTERN_CONFIG`, else `$XDG_CONFIG_HOME/postern/config.yaml`. */
  readonly configFile: string;
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly project: string | undefined;
  readonly context: string | undefined;
  /** Where the search for a project file begins, and where it ends at the latest. Absolute. */
  readonly workingDirectory: string;
  readonly home: string;
  /** `$VISUAL`, else `$EDITOR`. A shell command: it may hold arguments. */
  readonly editor: string | undefined;
  /** `POSTERN_DEBUG`: failures show their stacks. */
  readonly debug: boolean;
  /** `FORCE_COLOR` (but 0) and `NO_COLOR`, as other programs read them. */
  readonly colours: { readonly force: boolean; readonly never: boolean };
}

/** Reads the environment once, at the start. */
export function readCliEnv(env: NodeJS.ProcessEnv = process.env): CliEnv {
  const get = (name: string): string | undefined => {
    const value = env[name];
    return value === undefined || value === '' ? undefined : value;
  };
  const configHome = get('XDG_CONFIG_HOME') ?? join(homedir(), '.config');
  return {
    configFile: get('POSTERN_CONFIG') ?? join(configHome, 'postern', 'config.yaml'),
    url: get('POSTERN_URL'),
    token: get('POSTERN_TOKEN'),
    project: get('POSTERN_PROJECT'),
    context: get('POSTERN_CONTEXT'),
    workingDirectory: process.cwd(),
    home: homedir(),
    editor: get('VISUAL') ?? get('EDITOR'),
    debug: get('POSTERN_DEBUG') !== undefined,
    colours: {
      force: !['0', 'false', undefined].includes(get('FORCE_COLOR')),
      never: get('NO_COLOR') !== undefined || get('FORCE_COLOR') === '0' || get('TERM') === 'dumb',
    },
  };
}
