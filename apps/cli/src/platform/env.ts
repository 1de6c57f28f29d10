import { SETTING_NAMES } from './setting-names.ts';

/** What the platform commands take from the environment beyond what their apps read. */
export interface PlatformEnv {
  /** `HOST:PORT`. */
  readonly demoListen: string;
}

export function readPlatformEnv(env: NodeJS.ProcessEnv = process.env): PlatformEnv {
  return { demoListen: env.POSTERN_DEMO_LISTEN || '127.0.0.1:8702' };
}

/** Fails with `validation_failed` for a variable that is nearly one of ours; what is set in vain would be missed by nobody. */
export async function refuseMisspeltSettings(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const strange = Object.keys(env).filter(
    (name) => name.startsWith('POSTERN_') && env[name] !== '' && !SETTING_NAMES.includes(name),
  );
  if (strange.length === 0) return;
  // Loaded where something is strange: an edge starts without the schemas beside it.
  const { nearest, PosternError } = await import('@postern/contracts');
  for (const name of strange) {
    const near = nearest(name, SETTING_NAMES);
    if (near === undefined) continue;
    throw new PosternError('validation_failed', { detail: `${name} is no setting: did you mean ${near}?` });
  }
}
