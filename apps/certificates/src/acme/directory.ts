import { AcmeProblem, oneLine } from './acme-problem.ts';
import type { AcmeTransport } from './transport.ts';

/** Short names of public CAs, as POSTERN_ACME_DIRECTORY_URL takes them. */
export const KNOWN_DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

/** What a CA says of itself (RFC 8555 section 7.1.1), as far as it is used here. */
export interface Directory {
  /** Domain names by which CAA records name this CA, lower case. */
  readonly caaIdentities: readonly string[];
  readonly needsExternalAccount: boolean;
  /** Names of the profiles that it offers. */
  readonly profiles: readonly string[];
  /** Where renewal information is (RFC 9773), without a slash at its end; null: it has none. */
  readonly renewalInfoUrl: string | null;
}

/** Reads the directory of a CA; fails as the transport does, or with AcmeProblem where it is none. */
export async function readDirectory(transport: AcmeTransport, url: string): Promise<Directory> {
  const { text } = await transport.send({ method: 'GET', url });
  const document = objectOf(text);
  if (typeof document?.newOrder !== 'string' || typeof document.newNonce !== 'string') {
    const detail = `${url} is not the directory of an ACME server: ${oneLine(text).slice(0, 100)}`;
    throw new AcmeProblem({ type: '', detail, status: 200, retryAt: null });
  }
  const meta = (document.meta ?? {}) as Record<string, unknown>;
  const identities = Array.isArray(meta.caaIdentities) ? meta.caaIdentities : [];
  return {
    caaIdentities: identities.filter((name) => typeof name === 'string').map((name) => name.toLowerCase()),
    needsExternalAccount: meta.externalAccountRequired === true,
    profiles: typeof meta.profiles === 'object' && meta.profiles !== null ? Object.keys(meta.profiles) : [],
    renewalInfoUrl:
      typeof document.renewalInfo === 'string' ? document.renewalInfo.replace(/\/+$/, '') : null,
  };
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
