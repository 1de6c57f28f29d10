import { join, resolve } from 'node:path';
import {
  type Hostname,
  LIMITS,
  normaliseHostname,
  PosternError,
  type PublicEdge,
  readPublicEdge,
} from '@postern/contracts';
import { type ListenAddress, parseListenAddresses, readDataDirectory } from '@postern/runtime';

/** What the API takes from the environment, with the defaults of docs/architecture.md filled in. */
export interface ApiEnv {
  readonly listen: readonly ListenAddress[];
  /** Absolute. */
  readonly dataDirectory: string;
  /** `sqlite:FILE`, absolute. */
  readonly databaseUrl: string;
  /** Where the API writes the edge's token. */
  readonly edgeTokenFile: string;
  /** What generated hosts end in. */
  readonly hostnameDomain: Hostname;
  /** Whether a host that is new, and not below `hostnameDomain`, is served only once it is verified. */
  readonly hostnameVerification: boolean;
  /** What the world reaches the edges by. */
  readonly publicEdge: PublicEdge;
  /** The port clients of the edge use for HTTPS, as it stands in the URLs of routes. */
  readonly publicHttpsPort: number;
}

/** Characters of POSTERN_HOSTNAME_DOMAIN: a host has 253, and the generated words, digits and dots before it take up to 23. */
const HOSTNAME_DOMAIN_CHARS_MAX = LIMITS.hostCharsMax - 23;

/** Reads and checks the variables; fails with `validation_failed` naming the variable. */
export function readApiEnv(env: NodeJS.ProcessEnv = process.env): ApiEnv {
  const dataDirectory = readDataDirectory(env);
  return {
    listen: parseListenAddresses(env.POSTERN_API_LISTEN || '127.0.0.1:8700', 'POSTERN_API_LISTEN'),
    dataDirectory,
    databaseUrl: databaseUrlOf(env.POSTERN_DATABASE_URL, dataDirectory),
    edgeTokenFile: resolve(env.POSTERN_EDGE_TOKEN_FILE || join(dataDirectory, 'edge-token')),
    hostnameDomain: hostnameDomainOf(env.POSTERN_HOSTNAME_DOMAIN || 'localhost'),
    hostnameVerification: hostnameVerificationOf(env),
    publicEdge: readPublicEdge(env),
    publicHttpsPort: publicHttpsPortOf(env),
  };
}

function databaseUrlOf(text: string | undefined, dataDirectory: string): string {
  if (text === undefined || text === '') return `sqlite:${join(dataDirectory, 'postern.db')}`;
  if (!text.startsWith('sqlite:') || text.length === 'sqlite:'.length) {
    throw new PosternError('validation_failed', {
      detail: 'POSTERN_DATABASE_URL: expected sqlite:FILE',
    });
  }
  return `sqlite:${resolve(text.slice('sqlite:'.length))}`;
}

function hostnameDomainOf(text: string): Hostname {
  const result = normaliseHostname(text);
  if ('problem' in result || result.host.startsWith('*')) {
    const problem = 'problem' in result ? result.problem : 'a wildcard is not a domain';
    throw new PosternError('validation_failed', { detail: `POSTERN_HOSTNAME_DOMAIN: ${problem}` });
  }
  if (result.host.length > HOSTNAME_DOMAIN_CHARS_MAX) {
    throw new PosternError('validation_failed', {
      detail: `POSTERN_HOSTNAME_DOMAIN: at most ${HOSTNAME_DOMAIN_CHARS_MAX} characters leave room for a generated name`,
    });
  }
  return result.host;
}

/** On where certificates come from a CA of the world, who would be asked in vain for names that lead elsewhere. */
function hostnameVerificationOf(env: NodeJS.ProcessEnv): boolean {
  const text = env.POSTERN_HOSTNAME_VERIFICATION || (env.POSTERN_ACME_DIRECTORY_URL ? 'on' : 'off');
  if (text === 'on' || text === 'off') return text === 'on';
  throw new PosternError('validation_failed', {
    detail: `POSTERN_HOSTNAME_VERIFICATION: "${text}" is neither on nor off`,
  });
}

function publicHttpsPortOf(env: NodeJS.ProcessEnv): number {
  const text = env.POSTERN_EDGE_PUBLIC_HTTPS_PORT;
  if (text !== undefined && text !== '') {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port < 1 || port > 65_535) {
      throw new PosternError('validation_failed', {
        detail: `POSTERN_EDGE_PUBLIC_HTTPS_PORT: "${text}" is not a port between 1 and 65535`,
      });
    }
    return port;
  }
  const listen = parseListenAddresses(
    env.POSTERN_EDGE_HTTPS_LISTEN || '127.0.0.1:8443',
    'POSTERN_EDGE_HTTPS_LISTEN',
  );
  return listen[0]?.port ?? 8443;
}
