import { runApi } from '@postern/api';
import type { LogLevel } from '@postern/contracts';
import packageJson from '../../package.json' with { type: 'json' };
import { writeLocalContext } from '../config/local-context.ts';
import type { StartedPart } from './run-until-signal.ts';

export type RunningApi = Awaited<ReturnType<typeof runApi>>;

/** Starts the API and writes the CLI's context for it; gives the line to print about the context as well. */
export async function startApi(
  logLevel: LogLevel,
): Promise<{ api: RunningApi; contextLines: readonly string[] }> {
  const api = await runApi({ version: packageJson.version, logLevel });
  try {
    const { message } = await writeLocalContext({
      dataDirectory: api.data.path,
      url: api.url,
      tokenFile: api.data.adminTokenFile,
    });
    return { api, contextLines: message === '' ? [] : [message] };
  } catch (error) {
    await api.close();
    throw error;
  }
}

/** `postern api`: the control API in a process of its own. */
export async function startApiAlone(): Promise<StartedPart> {
  const { api, contextLines } = await startApi('info');
  return {
    lines: [
      `The API is ready at ${api.url}.`,
      ...contextLines,
      `Edges need the token in ${api.data.edgeTokenFile}.`,
    ],
    close: () => api.close(),
  };
}
