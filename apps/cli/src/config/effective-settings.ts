import type { CliEnv } from '../env.ts';
import { readConfigFile } from './config-file.ts';
import type { Context } from './config-schema.ts';
import { findProjectFile, readProjectFile } from './project-file.ts';

/** Where a value comes from, strongest first. */
export type SettingSource = 'flag' | 'variable' | 'project-file' | 'user-file' | 'default';

/** A value and what it comes from; `from` names the flag, the variable or the file. */
export interface Setting<T> {
  readonly value: T;
  readonly source: SettingSource;
  readonly from: string;
}

/** The flags that choose settings. */
export interface SettingFlags {
  readonly context?: string | undefined;
  readonly project?: string | undefined;
  readonly 'token-stdin'?: boolean | undefined;
}

/** Where a token is to be read; never its value. */
export type TokenPlace =
  | { readonly kind: 'stdin' }
  | { readonly kind: 'variable'; readonly value: string }
  | { readonly kind: 'context'; readonly context: Context };

/** What the commands of one call work with, each value with its source. Null where nothing names one. */
export interface EffectiveSettings {
  readonly userFile: string;
  readonly projectFile: string | null;
  readonly context: Setting<Context> | null;
  /** As written: not checked yet. */
  readonly url: Setting<string> | null;
  readonly token: Setting<TokenPlace> | null;
  readonly project: Setting<string>;
  /** True where the project file alone made this context the one: a token from elsewhere is not meant for it. */
  readonly contextIsForced: boolean;
}

/**
 * Settles every value: flag before variable before project file before user file. `--context` chooses address and token
 * as well, and so comes before POSTERN_URL and POSTERN_TOKEN. Fails where the chosen context does not exist.
 */
export async function settleSettings(env: CliEnv, flags: SettingFlags): Promise<EffectiveSettings> {
  const config = await readConfigFile(env.configFile);
  const path = findProjectFile(env.workingDirectory, env.home);
  const own = path === undefined ? undefined : await readProjectFile(path);
  const name =
    settingOf(flags.context, 'flag', '--context') ??
    settingOf(env.context, 'variable', 'POSTERN_CONTEXT') ??
    settingOf(own?.context, 'project-file', path ?? '') ??
    settingOf(config.current, 'user-file', env.configFile);
  const record = config.contexts.find((other) => other.name === name?.value);
  // A current context that is gone is no matter while a variable says where to go.
  const isNeeded = name !== null && !(name.source === 'user-file' && env.url !== undefined);
  if (record === undefined && isNeeded) {
    const { unknownContext } = await import('./unknown-context.ts');
    throw unknownContext(name.value, config, env.configFile, name);
  }
  const context = record === undefined || name === null ? null : { ...name, value: record };
  const ofContext = `context ${record?.name ?? ''}`;
  const byFlag = context?.source === 'flag' ? context.value : undefined;
  return {
    userFile: env.configFile,
    projectFile: path ?? null,
    context,
    url:
      settingOf(byFlag?.url, 'flag', ofContext) ??
      settingOf(env.url, 'variable', 'POSTERN_URL') ??
      settingOf(record?.url, context?.source ?? 'user-file', ofContext),
    token: tokenOf(env, flags, context, ofContext),
    project: settingOf(flags.project, 'flag', '--project') ??
      settingOf(env.project, 'variable', 'POSTERN_PROJECT') ??
      settingOf(own?.project, 'project-file', path ?? '') ??
      settingOf(record?.project, 'user-file', ofContext) ?? {
        value: 'default',
        source: 'default',
        from: 'nothing names one',
      },
    contextIsForced: context?.source === 'project-file' && context.value.name !== config.current,
  };
}

function tokenOf(
  env: CliEnv,
  flags: SettingFlags,
  context: Setting<Context> | null,
  ofContext: string,
): Setting<TokenPlace> | null {
  if (flags['token-stdin'] === true)
    return { value: { kind: 'stdin' }, source: 'flag', from: '--token-stdin' };
  const record = context?.value;
  const holds = record?.token !== undefined || record?.tokenFile !== undefined;
  const own: Setting<TokenPlace> | null =
    record !== undefined && holds
      ? {
          value: { kind: 'context', context: record },
          source: context?.source ?? 'user-file',
          from: ofContext,
        }
      : null;
  if (own?.source === 'flag') return own;
  if (env.token !== undefined)
    return { value: { kind: 'variable', value: env.token }, source: 'variable', from: 'POSTERN_TOKEN' };
  return own;
}

function settingOf<T>(value: T | undefined, source: SettingSource, from: string): Setting<T> | null {
  return value === undefined ? null : { value, source, from };
}
