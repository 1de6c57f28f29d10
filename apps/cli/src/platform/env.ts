/** What the platform commands take from the environment beyond what their apps read. */
export interface PlatformEnv {
  /** `HOST:PORT`. */
  readonly demoListen: string;
}

export function readPlatformEnv(env: NodeJS.ProcessEnv = process.env): PlatformEnv {
  return { demoListen: env.POSTERN_DEMO_LISTEN || '127.0.0.1:8702' };
}
