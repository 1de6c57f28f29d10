import { readFileSync } from 'node:fs';
import { PosternError, type PublicEdge, readPublicEdge } from '@postern/contracts';
import type { ExternalAccount } from './acme/account.ts';
import { KNOWN_DIRECTORIES } from './acme/directory.ts';
import { CHALLENGE_TYPES, type ChallengeType } from './solvers/challenge-solver.ts';

/** How TXT records are made for dns-01. */
export type DnsProviderSettings =
  | {
      readonly type: 'rfc2136';
      readonly server: string;
      readonly keyFile: string;
      readonly zone: string | null;
    }
  | { readonly type: 'exec'; readonly program: string }
  | { readonly type: 'webhook'; readonly url: string; readonly token: string | null };

/** What the certificate worker takes from the environment, with the defaults of docs/settings.md filled in. */
export interface CertificatesEnv {
  /** In the order in which they are asked; empty: the local CA issues everything. */
  readonly directoryUrls: readonly string[];
  /** PEM; null: the public roots. */
  readonly caBundlePem: string | null;
  readonly email: string | null;
  /** By place, as in `directoryUrls`; null where there is none. */
  readonly externalAccounts: readonly (ExternalAccount | null)[];
  readonly profile: string | null;
  readonly preferredChain: string | null;
  /** In the order of preference. */
  readonly challenges: readonly ChallengeType[];
  readonly dnsProvider: DnsProviderSettings | null;
  readonly dnsPropagationMs: number;
  /** `HOST:PORT`; empty: those of the system. */
  readonly dnsServers: readonly string[];
  readonly namesPerCertificate: number;
  /** What the world reaches the edges by. */
  readonly publicEdge: PublicEdge;
  /** Whether revocation lists may be fetched from this machine and from private networks. */
  readonly crlAllowPrivate: boolean;
}

const NAMES_PER_CERTIFICATE_MAX = 100;
const PROPAGATION_SECONDS = { default: 60, max: 3600 };
const PROVIDERS = ['rfc2136', 'exec', 'webhook'] as const;

/** Reads and checks the variables, and the files they name; fails with `validation_failed` naming the variable. */
export function readCertificatesEnv(env: NodeJS.ProcessEnv = process.env): CertificatesEnv {
  const directoryUrls = listOf(env.POSTERN_ACME_DIRECTORY_URL).map(directoryOf);
  const dnsProvider = dnsProviderOf(env);
  const bundle = env.POSTERN_ACME_CA_BUNDLE;
  return {
    directoryUrls,
    caBundlePem: bundle ? bundleOf(bundle) : null,
    email: emailOf(env.POSTERN_ACME_EMAIL || null),
    externalAccounts: externalAccountsOf(env, directoryUrls.length),
    profile: env.POSTERN_ACME_PROFILE || null,
    preferredChain: env.POSTERN_ACME_PREFERRED_CHAIN || null,
    challenges: challengesOf(env.POSTERN_ACME_CHALLENGES, dnsProvider !== null),
    dnsProvider,
    dnsPropagationMs:
      1000 *
      numberOf(
        env,
        'POSTERN_ACME_DNS_PROPAGATION_SECONDS',
        PROPAGATION_SECONDS.default,
        PROPAGATION_SECONDS.max,
      ),
    dnsServers: listOf(env.POSTERN_DNS_SERVERS).map(dnsServerOf),
    namesPerCertificate: numberOf(env, 'POSTERN_ACME_NAMES_PER_CERTIFICATE', 1, NAMES_PER_CERTIFICATE_MAX),
    publicEdge: readPublicEdge(env),
    crlAllowPrivate: switchOf(env, 'POSTERN_CRL_ALLOW_PRIVATE'),
  };
}

function switchOf(env: NodeJS.ProcessEnv, variable: string): boolean {
  const text = env[variable] || 'off';
  if (text !== 'on' && text !== 'off') throw wrong(variable, `"${text}" is neither on nor off`);
  return text === 'on';
}

function listOf(text: string | undefined): string[] {
  return text ? text.split(',').map((part) => part.trim()) : [];
}

function directoryOf(text: string): string {
  const known = KNOWN_DIRECTORIES[text];
  if (known !== undefined) return known;
  const url = URL.parse(text);
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url.href;
  const names = Object.keys(KNOWN_DIRECTORIES).join(', ');
  throw wrong('POSTERN_ACME_DIRECTORY_URL', `"${text}" is neither an https:// address nor one of ${names}`);
}

function bundleOf(file: string): string {
  const pem = readFileOf('POSTERN_ACME_CA_BUNDLE', file);
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw wrong('POSTERN_ACME_CA_BUNDLE', `${file} holds no certificate in PEM`);
  return pem;
}

function emailOf(text: string | null): string | null {
  if (text === null || /^[^\s@,<>]+@[^\s@,<>]+$/.test(text)) return text;
  throw wrong('POSTERN_ACME_EMAIL', `"${text}" is not one address like admin@example.org`);
}

function externalAccountsOf(env: NodeJS.ProcessEnv, count: number): (ExternalAccount | null)[] {
  const keyIds = listOf(env.POSTERN_ACME_EAB_KEY_ID);
  const file = env.POSTERN_ACME_EAB_HMAC_KEY_FILE;
  const hmacKeys = file
    ? listOf(readFileOf('POSTERN_ACME_EAB_HMAC_KEY_FILE', file).trim().replaceAll('\n', ','))
    : listOf(env.POSTERN_ACME_EAB_HMAC_KEY);
  if (keyIds.length !== hmacKeys.length) {
    const detail = `${keyIds.length} key ids, but ${hmacKeys.length} keys in POSTERN_ACME_EAB_HMAC_KEY(_FILE)`;
    throw wrong('POSTERN_ACME_EAB_KEY_ID', detail);
  }
  if (keyIds.length > Math.max(1, count))
    throw wrong('POSTERN_ACME_EAB_KEY_ID', `${keyIds.length} key ids for ${count} CAs`);
  const accounts = keyIds.map((keyId, place): ExternalAccount | null => {
    const hmacKey = hmacKeys[place] ?? '';
    if (keyId === '' && hmacKey === '') return null;
    if (keyId !== '' && /^[A-Za-z0-9_-]{16,}={0,2}$/.test(hmacKey)) return { keyId, hmacKey };
    throw wrong('POSTERN_ACME_EAB_HMAC_KEY', `the key of "${keyId}" is not base64url of 12 bytes or more`);
  });
  // One alone is for every CA that demands one.
  const [only = null] = accounts;
  return Array.from({ length: count }, (_, place) =>
    accounts.length > 1 ? (accounts[place] ?? null) : only,
  );
}

function challengesOf(text: string | undefined, hasProvider: boolean): ChallengeType[] {
  const preset: ChallengeType[] = ['tls-alpn-01', 'http-01'];
  const chosen = text ? listOf(text) : hasProvider ? [...preset, 'dns-01'] : preset;
  return chosen.map((type) => {
    const known = CHALLENGE_TYPES.find((one) => one === type);
    if (known === undefined)
      throw wrong('POSTERN_ACME_CHALLENGES', `"${type}" is none of ${CHALLENGE_TYPES.join(', ')}`);
    if (known === 'dns-01' && !hasProvider)
      throw wrong('POSTERN_ACME_CHALLENGES', 'dns-01 needs POSTERN_ACME_DNS_PROVIDER');
    return known;
  });
}

function dnsProviderOf(env: NodeJS.ProcessEnv): DnsProviderSettings | null {
  const type = env.POSTERN_ACME_DNS_PROVIDER;
  switch (type || undefined) {
    case undefined:
      return null;
    case 'rfc2136':
      return {
        type: 'rfc2136',
        server: dnsServerOf(needed(env, 'POSTERN_ACME_RFC2136_SERVER')),
        keyFile: needed(env, 'POSTERN_ACME_RFC2136_KEY_FILE'),
        zone: env.POSTERN_ACME_RFC2136_ZONE || null,
      };
    case 'exec':
      return { type: 'exec', program: needed(env, 'POSTERN_ACME_DNS_EXEC') };
    case 'webhook': {
      const url = needed(env, 'POSTERN_ACME_DNS_WEBHOOK_URL');
      if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
        throw wrong('POSTERN_ACME_DNS_WEBHOOK_URL', `"${url}" is not an http:// or https:// address`);
      const tokenFile = env.POSTERN_ACME_DNS_WEBHOOK_TOKEN_FILE;
      const token = tokenFile ? readFileOf('POSTERN_ACME_DNS_WEBHOOK_TOKEN_FILE', tokenFile).trim() : null;
      return { type: 'webhook', url, token };
    }
    default:
      throw wrong('POSTERN_ACME_DNS_PROVIDER', `"${type}" is none of ${PROVIDERS.join(', ')}`);
  }
}

function dnsServerOf(text: string): string {
  if (/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/.test(text)) return text;
  throw wrong(
    'POSTERN_DNS_SERVERS',
    `"${text}" is not an address with a port, like 192.0.2.53:53 or [2001:db8::53]:53`,
  );
}

function needed(env: NodeJS.ProcessEnv, variable: string): string {
  const value = env[variable];
  if (value) return value;
  throw wrong(variable, `needed with POSTERN_ACME_DNS_PROVIDER=${env.POSTERN_ACME_DNS_PROVIDER}`);
}

function numberOf(env: NodeJS.ProcessEnv, variable: string, preset: number, max: number): number {
  const text = env[variable];
  if (!text) return preset;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw wrong(variable, `"${text}" is not a number between 1 and ${max}`);
  return value;
}

function readFileOf(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new PosternError('validation_failed', {
      detail: `${variable}: ${file} cannot be read (${why})`,
      cause,
    });
  }
}

function wrong(variable: string, message: string): PosternError {
  return new PosternError('validation_failed', { detail: `${variable}: ${message}` });
}
