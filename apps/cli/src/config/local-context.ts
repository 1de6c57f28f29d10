import { readCliEnv } from '../env.ts';
import { changeConfigFile } from './change-config-file.ts';
import type { ConfigFile, Context } from './config-schema.ts';

const LOCAL = 'local';

/** What `writeLocalContext` did. `message` is one line for a person; empty when nothing changed for them. */
export interface LocalContextWritten {
  readonly name: string;
  readonly becameCurrent: boolean;
  readonly message: string;
}

/**
 * Writes the context `local` of an installation's data directory into the configuration (`file`, else the one of the
 * environment). It becomes current only if none is, or if the current one is a `local` of another directory.
 */
export async function writeLocalContext(options: {
  readonly file?: string;
  /** Absolute path. */
  readonly dataDirectory: string;
  readonly url: string;
  /** Absolute path. */
  readonly tokenFile: string;
}): Promise<LocalContextWritten> {
  const file = options.file ?? readCliEnv().configFile;
  let message = '';
  let becameCurrent = false;
  await changeConfigFile(file, (config) => {
    const change = withLocal(config, options);
    ({ message, becameCurrent } = change);
    return change.next;
  });
  return { name: LOCAL, becameCurrent, message };
}

function withLocal(
  config: ConfigFile,
  options: { readonly dataDirectory: string; readonly url: string; readonly tokenFile: string },
): Omit<LocalContextWritten, 'name'> & { readonly next: ConfigFile } {
  const former = config.contexts.find((context) => context.name === LOCAL);
  const current = config.contexts.find((context) => context.name === config.current);
  const moved = former !== undefined && former.dataDirectory !== options.dataDirectory;
  const becomes = current === undefined || (current.name === LOCAL && moved);
  const context: Context = {
    name: LOCAL,
    url: options.url,
    tokenFile: options.tokenFile,
    ...(former?.project === undefined || moved ? {} : { project: former.project }),
    dataDirectory: options.dataDirectory,
  };
  const next: ConfigFile = {
    ...config,
    ...(becomes ? { current: LOCAL } : {}),
    contexts: [...config.contexts.filter((other) => other.name !== LOCAL), context],
  };
  return {
    next,
    becameCurrent: becomes,
    message: messageOf(former, current, moved, becomes, options),
  };
}

function messageOf(
  former: Context | undefined,
  current: Context | undefined,
  moved: boolean,
  becomes: boolean,
  { dataDirectory }: { dataDirectory: string },
): string {
  if (becomes && moved) {
    return `context "local" is now that of ${dataDirectory} (it was ${former?.dataDirectory ?? 'another'}) and is current`;
  }
  if (becomes) return `context "local" (${dataDirectory}) is now current`;
  if (current !== undefined && current.name !== LOCAL) {
    return `context "local" (${dataDirectory}) is written; "${current.name}" stays current, so add --context local`;
  }
  return '';
}
