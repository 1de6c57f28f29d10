import { readFile } from 'node:fs/promises';
import { nearest, parseWith, type ResourceName, resourceName } from '@postern/contracts';
import { CliFailure, usageFailure } from '../cli-failure.ts';
import type { CliEnv } from '../env.ts';
import { type Context, isApiUrl, readConfigFile } from './config-file.ts';

/** Where the commands of one call go, and as whom. */
export interface Session {
  readonly url: string;
  readonly token: string;
  readonly project: ResourceName;
  /** Null where variables alone say where to go. */
  readonly context: string | null;
}

/**
 * Settles API, token and project: flags override variables, variables override the context. A context's token is sent
 * to that context's URL only; another URL needs POSTERN_TOKEN.
 */
export async function resolveSession(
  env: CliEnv,
  flags: { readonly context?: string | undefined; readonly project?: string | undefined },
): Promise<Session> {
  const wanted = flags.context ?? env.context;
  const context = await findContext(env.configFile, wanted, env.url !== undefined);
  const url = env.url ?? context?.url;
  if (url === undefined) {
    throw usageFailure(
      'no API is known',
      'start one here with `postern up`, or set POSTERN_URL and POSTERN_TOKEN',
    );
  }
  if (!isApiUrl(url)) {
    // It may hold a password: it is not repeated.
    throw usageFailure(
      'POSTERN_URL is not the address of an API',
      'write it like http://127.0.0.1:8700, and the token into POSTERN_TOKEN',
    );
  }
  return {
    url,
    token: env.token ?? (await tokenOf(context, url)),
    project: projectOf(flags.project, env.project, context),
    context: context?.name ?? null,
  };
}

async function findContext(
  file: string,
  wanted: string | undefined,
  urlGiven: boolean,
): Promise<Context | undefined> {
  const config = await readConfigFile(file);
  const name = wanted ?? config.current;
  if (name === undefined) return undefined;
  const context = config.contexts.find((other) => other.name === name);
  if (context !== undefined) return context;
  if (wanted === undefined && urlGiven) return undefined;
  const names = config.contexts.map((other) => other.name);
  const near = nearest(name, names);
  throw usageFailure(
    `there is no context "${name}" in ${file}`,
    near !== undefined
      ? `did you mean "${near}"?`
      : names.length > 0
        ? `known contexts: ${names.join(', ')}`
        : 'start one here with `postern up`',
  );
}

async function tokenOf(context: Context | undefined, url: string): Promise<string> {
  if (context === undefined) {
    throw new CliFailure('unauthorized', `no token for ${url}`, { hint: 'set POSTERN_TOKEN' });
  }
  if (new URL(url).origin !== new URL(context.url).origin) {
    throw new CliFailure(
      'unauthorized',
      `the token of context "${context.name}" is for ${context.url}, not ${url}`,
      {
        hint: 'set POSTERN_TOKEN beside POSTERN_URL',
      },
    );
  }
  if (context.token !== undefined) return context.token;
  if (context.tokenFile === undefined) {
    throw new CliFailure('unauthorized', `the context "${context.name}" has no token`, {
      hint: 'set POSTERN_TOKEN, or tokenFile in the configuration',
    });
  }
  let token: string;
  try {
    token = (await readFile(context.tokenFile, 'utf8')).trim();
  } catch (error) {
    throw new CliFailure('unauthorized', `the token file ${context.tokenFile} cannot be read`, {
      hint: 'start `postern up` there again, or set POSTERN_TOKEN',
      cause: error,
    });
  }
  if (token === '') throw new CliFailure('unauthorized', `the token file ${context.tokenFile} is empty`);
  return token;
}

function projectOf(
  flag: string | undefined,
  variable: string | undefined,
  context: Context | undefined,
): ResourceName {
  const text = flag ?? variable ?? context?.project ?? 'default';
  const result = parseWith(resourceName, text);
  if (result.ok) return result.value;
  throw usageFailure(`the project "${text}" is not a name: ${result.findings[0]?.message ?? ''}`);
}
