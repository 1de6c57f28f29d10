import { readConfigFile } from '../config/config-file.ts';
import { resolveSession } from '../config/resolve-session.ts';
import type { CliEnv } from '../env.ts';
import type { LiveNames } from './suggest.ts';

/** Milliseconds for the API: who presses Tab does not wait longer. */
const ANSWER_WITHIN_MS = 800;

/** Names from the API and the configuration that the typed words lead to; what fails gives no names and no noise. */
export function liveNamesOf(ofVariables: CliEnv): LiveNames {
  return async (kind, typed) => {
    const env = { ...ofVariables, configFile: valueBehind(typed, '--config') ?? ofVariables.configFile };
    try {
      if (kind === 'context') {
        return (await readConfigFile(env.configFile)).contexts.map(({ name }) => name);
      }
      const session = await resolveSession(env, {
        context: valueBehind(typed, '--context'),
        project: valueBehind(typed, '--project'),
      });
      const { createClient } = await import('@postern/client');
      const client = createClient({ url: session.url, token: session.token, timeoutMs: ANSWER_WITHIN_MS });
      const items = await (kind === 'token'
        ? client.tokens.list()
        : client[`${kind}s`].list(session.project));
      return items.map(({ name }) => name);
    } catch {
      return [];
    }
  };
}

function valueBehind(words: readonly string[], flag: string): string | undefined {
  const at = words.lastIndexOf(flag);
  return at === -1 ? undefined : words[at + 1];
}
