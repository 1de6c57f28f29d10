import { readFileSync } from 'node:fs';
import { createClient } from '@postern/client';
import { PosternError } from '@postern/contracts';
import { type NeighbourApi, readEdgeEnv } from '@postern/edge';
import { createLog } from '@postern/runtime';
import { quickenDrizzleImports } from './quicken-drizzle-imports.ts';
import type { StartedPart } from './run-until-signal.ts';
import type { RunningApi } from './start-api.ts';
import { startReadyEdge, writeAddresses } from './start-edge.ts';

const DEMO_SERVICE = 'echo';
/** Level of the parts whose work a person at the terminal sees anyway; the edge alone tells whom it refuses. */
const QUIET = 'warn';

/**
 * `postern up`: API, certificate worker and edge in one place, with `demo` the echo service as well. All start or none;
 * only once all serve does the CLI's context point here.
 */
export async function startUp(options: { demo: boolean }, stop: AbortSignal): Promise<StartedPart> {
  const log = createLog('edge');
  // Without a listener the signal would end everything.
  process.on('SIGUSR2', () =>
    log.warn(
      {},
      'SIGUSR2 restarts `postern edge`, and `postern up` has no such restart: stop and start it, or run its parts alone (docs/operations.md)',
    ),
  );
  const failing = new AbortController();
  const neighbour = Promise.withResolvers<NeighbourApi>();
  // First, since its workers take as long to load as all the rest together.
  const edgeStart = startReadyEdge(
    { ...readEdgeEnv(), api: neighbour.promise, log },
    AbortSignal.any([stop, failing.signal]),
  );
  // Either may fail before anybody waits for it; both are waited for below.
  edgeStart.catch(() => undefined);
  neighbour.promise.catch(() => undefined);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    quickenDrizzleImports();
    const { startApi, writeContextOf } = await import('./start-api.ts');
    const api = await startApi(QUIET);
    closers.push(() => api.close());
    neighbour.resolve({ url: api.url, tokenFile: api.data.edgeTokenFile, listen: api.env.listen });
    const { startCertificates } = await import('./start-certificates.ts');
    const certificates = await startCertificates(
      api.data.store,
      api.data.masterKey,
      createLog('certificates', { level: QUIET }),
    );
    closers.push(() => certificates.close());
    if (options.demo) {
      const { startDemoService } = await import('./start-demo-service.ts');
      const demo = await startDemoService();
      closers.push(() => demo.close());
      await ensureDemoService(api, demo.url);
    }
    const edge = await edgeStart;
    closers.push(() => edge.close());
    const contextLines = await writeContextOf(api);
    return { lines: readyLines(api, writeAddresses(edge), contextLines, options), close };
  } catch (error) {
    failing.abort();
    neighbour.reject(error);
    await edgeStart.then(
      (edge) => edge.close(),
      () => {},
    );
    await close();
    throw error;
  }
}

/** Registers the demo as a service unless one of the name exists: what a person has changed stays. */
async function ensureDemoService(api: RunningApi, target: string): Promise<void> {
  const client = createClient({
    url: api.url,
    token: readFileSync(api.data.adminTokenFile, 'utf8').trim(),
    timeoutMs: 10_000,
  });
  try {
    await client.services.create('default', { name: DEMO_SERVICE, spec: { targets: [target] } });
  } catch (error) {
    if (!(error instanceof PosternError && error.code === 'already_exists')) throw error;
  }
}

function readyLines(
  api: RunningApi,
  https: string,
  contextLines: readonly string[],
  { demo }: { demo: boolean },
): string[] {
  return [
    `Postern is ready: edge on ${https}, API on ${api.url}, data in ${api.data.path}.`,
    ...contextLines,
    '',
    'Try, in another terminal:',
    ...(demo ? [] : ['  npx postern service create echo --target http://127.0.0.1:3000']),
    '  npx postern route create my-route --hostname ecommerce.localhost --path /=echo',
    '  npx postern ca > postern-ca.crt',
    `  curl --cacert postern-ca.crt https://ecommerce.localhost:${api.env.publicHttpsPort}/`,
    'README.md goes on from there: demand client certificates, and say whose.',
    'The log follows, one JSON line for each request. Ctrl-C stops everything.',
  ];
}
