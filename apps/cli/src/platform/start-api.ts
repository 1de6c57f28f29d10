import { runApi } from '@postern/api';
import type { LogLevel } from '@postern/contracts';
import packageJson from '../../package.json' with { type: 'json' };
import { writeLocalContext } from '../config/local-context.ts';
import type { StartedPart } from './run-until-signal.ts';

export type RunningApi = Awaited<ReturnType<typeof runApi>>;

/** Starts the API. */
export function startApi(logLevel: LogLevel): Promise<RunningApi> {
  return runApi({ version: packageJson.version, logLevel });
}

/** Writes the CLI's context for a running API; gives the lines to print about it. */
export async function writeContextOf(api: RunningApi): Promise<readonly string[]> {
  const { message } = await writeLocalContext({
    dataDirectory: api.data.path,
    url: api.url,
    tokenFile: api.data.adminTokenFile,
  });
  return message === '' ? [] : [message];
}

/** `postern api`: the control API in a process of its own. */
export async function startApiAlone(): Promise<StartedPart> {
  const api = await startApi('info');
  try {
    return {
      lines: [
        `The API is ready at ${api.url}.`,
        ...(await writeContextOf(api)),
        `Edges need the token in ${api.data.edgeTokenFile}.`,
      ],
      close: () => api.close(),
    };
  } catch (error) {
    await api.close();
    throw error;
  }
}
