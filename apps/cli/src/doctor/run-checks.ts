import type { PosternClient } from '@postern/client';
import type { RouteResource } from '@postern/contracts';
import { type Check, checkApi, checkConfigFile, checkDataDirectory, checkEdge } from '@postern/doctor';
import packageJson from '../../package.json' with { type: 'json' };
import { readConfigFile } from '../config/config-file.ts';
import type { SettingFlags } from '../config/effective-settings.ts';
import { resolveSession, type Session } from '../config/resolve-session.ts';
import type { CliEnv } from '../env.ts';
import { hintOf, messageOf } from '../output/report-error.ts';

/** Looks at everything between this program and an edge, in the order of the way there; never throws for what it finds. */
export async function runChecks(
  env: CliEnv,
  flags: SettingFlags & { readonly timeout: number },
  connect: () => Promise<{ readonly client: PosternClient; readonly project: string }>,
): Promise<Check[]> {
  const configuration = checkConfigFile(env.configFile);
  const settled = await attempt('context', () => resolveSession(env, flags));
  if ('failed' in settled) {
    const skipped = ['api', 'store', 'version', 'clock', 'token', 'data directory', 'edge'];
    return [configuration, settled.failed, ...skipped.map((name) => skip(name, 'no API is known'))];
  }
  const { url, context, project } = settled.value;
  const api = await checkApi({
    url,
    ownVersion: packageJson.version,
    timeoutMs: flags.timeout,
    now: () => Date.now(),
  });
  const apiAnswers = api[0]?.status === 'pass';
  return [
    configuration,
    { name: 'context', status: 'pass', detail: `${context ?? 'variables'}: ${url}, project ${project}` },
    ...api,
    ...(apiAnswers
      ? await checkBehindApi(connect, flags.timeout)
      : ['token', 'edge'].map((name) => skip(name, 'the API does not answer'))),
    ...(await checkOwnDirectory(env, settled.value, apiAnswers)),
  ];
}

async function checkBehindApi(
  connect: () => Promise<{ readonly client: PosternClient; readonly project: string }>,
  timeoutMs: number,
): Promise<Check[]> {
  const listed = await attempt('token', async () => {
    const { client, project } = await connect();
    return { client, routes: await client.routes.list(project) };
  });
  if ('failed' in listed) return [listed.failed, skip('edge', 'the routes cannot be listed')];
  const { client, routes } = listed.value;
  return [
    {
      name: 'token',
      status: 'pass',
      detail: `it may read the project (${routes.length} route${routes.length === 1 ? '' : 's'})`,
    },
    await checkFirstRoute(client, routes, timeoutMs),
  ];
}

/** One route stands for the edge: one that is ready and no wildcard, where there is one. */
async function checkFirstRoute(
  client: PosternClient,
  routes: readonly RouteResource[],
  timeoutMs: number,
): Promise<Check> {
  const named = routes.filter(({ spec }) => !spec.host.startsWith('*.'));
  const route = named.find(({ status }) => status.ready) ?? named[0];
  if (route === undefined) {
    const hint = 'postern route create NAME --hostname HOST --path /=SERVICE';
    return { ...skip('edge', 'the project has no route whose address could be asked'), hint };
  }
  const url = URL.parse(route.status.url);
  const ca = await client.ca().catch(() => null);
  const port = url === null || url.port === '' ? 443 : Number(url.port);
  const checked = await checkEdge({ host: route.spec.host, port, localCaPem: ca, timeoutMs });
  if (checked.status === 'pass' || route.status.ready) return checked;
  return {
    ...checked,
    detail: `${checked.detail}; route ${route.name} is not ready: ${route.status.message}`,
  };
}

async function checkOwnDirectory(env: CliEnv, session: Session, apiAnswers: boolean): Promise<Check[]> {
  const config = await readConfigFile(env.configFile);
  const directory = config.contexts.find(({ name }) => name === session.context)?.dataDirectory;
  if (directory === undefined)
    return [skip('data directory', 'the API of this context is not of this machine')];
  return [checkDataDirectory(directory, { apiAnswers })];
}

async function attempt<T>(name: string, run: () => Promise<T>): Promise<{ value: T } | { failed: Check }> {
  try {
    return { value: await run() };
  } catch (error) {
    const hint = hintOf(error);
    const failed = { name, status: 'fail' as const, detail: messageOf(error) };
    return { failed: hint === undefined ? failed : { ...failed, hint } };
  }
}

function skip(name: string, detail: string): Check {
  return { name, status: 'skip', detail };
}
