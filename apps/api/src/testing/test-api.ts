import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hostname, ProblemDocument } from '@postern/contracts';
import { createLog } from '@postern/runtime';
import { type DataDirectory, openDataDirectory } from '../data-directory.ts';
import { type ApiOptions, startApi } from '../start-api.ts';
import { expectDocumented } from './document-check.ts';

interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly rawBody?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /** `admin` when absent; null sends none. */
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
}

interface CallResult {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, of whatever form the test expects. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely; their form is checked against the document
  readonly json: any;
}

export interface TestApi extends AsyncDisposable {
  readonly url: string;
  readonly directory: string;
  readonly data: DataDirectory;
  readonly adminToken: string;
  readonly edgeToken: string;
  /** Calls the API and checks that the document allows the answer. Paths that begin with a noun lie in project `default`. */
  call(method: string, path: string, options?: CallOptions): Promise<CallResult>;
  /** All log lines until now. */
  readLog(): string;
}

/** A real API on a free port over a real database in a folder of its own. */
export async function startTestApi(
  options: Partial<
    Pick<ApiOptions, 'randomInt' | 'now' | 'hostnameVerification' | 'publicEdge' | 'hostnameDomain'>
  > = {},
): Promise<TestApi> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-api-'));
  const logFile = join(directory, 'log');
  const now = options.now ?? (() => Date.now());
  const data = await openDataDirectory({
    path: join(directory, 'data'),
    databaseUrl: `sqlite:${join(directory, 'data/postern.db')}`,
    now,
  });
  const api = await startApi({
    listen: [{ host: '127.0.0.1', port: 0 }],
    store: data.store,
    masterKey: data.masterKey,
    log: createLog('api', { file: logFile }),
    now,
    hostnameDomain: 'localhost' as Hostname,
    publicHttpsPort: 8443,
    version: '0.0.0-test',
    ...options,
  });
  const adminToken = readFileSync(data.adminTokenFile, 'utf8').trim();
  return {
    url: api.url,
    directory,
    data,
    adminToken,
    edgeToken: readFileSync(data.edgeTokenFile, 'utf8').trim(),
    readLog: () => readFileSync(logFile, 'utf8'),
    async call(method, path, { body, rawBody, token = adminToken, headers = {} } = {}) {
      const target = path.startsWith('/') ? path : `/v1/projects/default/${path}`;
      const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await fetch(`${api.url}${target}`, {
        method,
        headers: {
          ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: sent, duplex: 'half' }),
      });
      const text = await response.text();
      if (method !== 'HEAD') expectDocumented(method, target.replace(/\?.*/, ''), response, text);
      return {
        status: response.status,
        headers: response.headers,
        text,
        json:
          response.headers.get('content-type')?.includes('json') === true && text !== ''
            ? JSON.parse(text)
            : null,
      };
    },
    async [Symbol.asyncDispose]() {
      await api.close();
      await data.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Code and pointers of a problem: what tests compare. */
export function shapeOf(problem: ProblemDocument): { code: string; pointers: string[] } {
  return { code: problem.code, pointers: (problem.findings ?? []).map((finding) => finding.pointer) };
}

/** A route descriptor with one rule. */
export function specOf(host: string | undefined, service = 'echo', more: object = {}): object {
  return { ...(host === undefined ? {} : { host }), routes: [{ prefix: '/', route: { service } }], ...more };
}
