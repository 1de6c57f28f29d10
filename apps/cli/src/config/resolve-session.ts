import { isResourceName, type ResourceName } from '@postern/contracts/plain';
import { CliFailure, usageFailure } from '../cli-failure.ts';
import type { CliEnv } from '../env.ts';
import { type EffectiveSettings, type SettingFlags, settleSettings } from './effective-settings.ts';
import { isApiUrl } from './is-api-url.ts';
import { readToken, readTokenFile } from './read-token.ts';

/** Where the commands of one call go, and as whom. */
export interface Session {
  readonly url: string;
  readonly token: string;
  readonly project: ResourceName;
  /** Null where variables alone say where to go. */
  readonly context: string | null;
}

/**
 * Settles API, token and project (see settleSettings). A token goes only where it was meant for: that of a context to
 * that context's address, and one from a variable or standard input never to a context that only a project file chose.
 */
export async function resolveSession(env: CliEnv, flags: SettingFlags): Promise<Session> {
  const settings = await settleSettings(env, flags);
  const url = settings.url?.value;
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
    token: await tokenFor(settings, url),
    project: await projectOf(settings.project.value),
    context: settings.context?.value.name ?? null,
  };
}

async function tokenFor(settings: EffectiveSettings, url: string): Promise<string> {
  const { token, context } = settings;
  if (token === null) {
    if (context === null) {
      throw new CliFailure('unauthorized', `no token for ${url}`, { hint: 'set POSTERN_TOKEN' });
    }
    throw new CliFailure('unauthorized', `the context "${context.value.name}" has no token`, {
      hint: `postern context set ${context.value.name} --token-stdin`,
    });
  }
  const place = token.value;
  if (place.kind === 'context') {
    if (new URL(url).origin !== new URL(place.context.url).origin) {
      throw new CliFailure(
        'unauthorized',
        `the token of context "${place.context.name}" is for ${place.context.url}, not ${url}`,
        { hint: 'set POSTERN_TOKEN beside POSTERN_URL' },
      );
    }
    return place.context.token ?? readTokenFile(place.context.tokenFile ?? '');
  }
  if (settings.contextIsForced && settings.url?.source === 'project-file' && context !== null) {
    throw new CliFailure(
      'unauthorized',
      `the token of ${token.from} is not sent to ${url}: only ${settings.projectFile} chose the context "${context.value.name}"`,
      { hint: `if that is meant, add --context ${context.value.name} or set POSTERN_URL` },
    );
  }
  return place.kind === 'variable' ? place.value : readToken('-', '--token-stdin');
}

async function projectOf(text: string): Promise<ResourceName> {
  if (isResourceName(text)) return text;
  const { parseWith, resourceName } = await import('@postern/contracts');
  const result = parseWith(resourceName, text);
  if (result.ok) return result.value;
  throw usageFailure(`the project "${text}" is not a name: ${result.findings[0]?.message ?? ''}`);
}
