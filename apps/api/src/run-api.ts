import type { LogLevel } from '@postern/contracts';
import { createLog } from '@postern/runtime';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { type ApiEnv, readApiEnv } from './env.ts';
import { startIdentityKeys } from './rotate-identity-keys.ts';
import { startTicketKeys } from './rotate-ticket-keys.ts';
import { type RunningApi, startApi } from './start-api.ts';

/**
 * Runs the API as the environment says: opens the data directory and serves. `close` stops the API, then closes the data
 * directory, which other parts of the same process may use until then.
 * Fails as `readApiEnv`, `openDataDirectory` and `startApi` do, with nothing left open.
 */
export async function runApi(options: {
  /** The program's version. */
  readonly version: string;
  /** What holds without POSTERN_LOG_LEVEL. */
  readonly logLevel?: LogLevel;
}): Promise<RunningApi & { readonly env: ApiEnv; readonly data: DataDirectory }> {
  const env = readApiEnv();
  const now = () => Date.now();
  const data = await openDataDirectory({
    path: env.dataDirectory,
    databaseUrl: env.databaseUrl,
    edgeTokenFile: env.edgeTokenFile,
    now,
  });
  const log = createLog('api', { level: options.logLevel });
  const keys = startTicketKeys({ store: data.store, masterKey: data.masterKey, log, now });
  const identityKeys = startIdentityKeys({ store: data.store, masterKey: data.masterKey, log, now });
  try {
    await keys.made;
    await identityKeys.made;
    const api = await startApi({
      listen: env.listen,
      store: data.store,
      masterKey: data.masterKey,
      log,
      now,
      hostnameDomain: env.hostnameDomain,
      hostnameVerification: env.hostnameVerification,
      publicEdge: env.publicEdge,
      publicHttpsPort: env.publicHttpsPort,
      version: options.version,
    });
    return {
      ...api,
      env,
      data,
      async close() {
        keys.stop();
        identityKeys.stop();
        await api.close();
        await data.close();
      },
    };
  } catch (error) {
    keys.stop();
    identityKeys.stop();
    await data.close();
    throw error;
  }
}
