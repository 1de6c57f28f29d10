import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import {
  type ClientIdentityToken,
  type HostDocument,
  IDENTITY_KEYS,
  identityIssuerOf,
  type Log,
  readDocument,
} from '@postern/contracts/plain';
import { formatRfc4514, openAtEdge, readCertificateFields } from '@postern/pki/plain';
import type { ClientIdentity } from '../connection.ts';
import type { ReplicaReader } from '../hosts/read-documents.ts';

/** Milliseconds between two looks at the keys; a successor is there an hour before it signs. */
const LOOK_EVERY_MS = 5_000;
/** Characters. A longer subject could make the field longer than servers take; `cnf` names the certificate all the same. */
const SUBJECT_CHARS_MAX = 1_024;

/** Says to services who a client is, signed, so that it needs no trusted way between the edge and them. */
export interface IdentityTokens {
  /** A JWT (RFC 7519) in compact form; null while the edge has no key that signs. */
  tokenOf(client: ClientIdentity, document: HostDocument): string | null;
}

interface IdentityTokensOptions {
  readonly replica: ReplicaReader;
  readonly edgeKeyPem: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'error'>;
}

interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
  /** Milliseconds since 1970. */
  readonly signsFrom: number;
  readonly expiresAt: number;
}

interface Made {
  readonly about: string;
  readonly token: string;
  /** Milliseconds since 1970 from which another one is made, while half of its life is left for the service to look at it. */
  readonly renewAt: number;
}

/** Signs with the keys that the replica has; a connection, and others of its client that began with it, are given the same token until half of its life has passed. */
export function createIdentityTokens(options: IdentityTokensOptions): IdentityTokens {
  const { now } = options;
  const made = new WeakMap<ClientIdentity, Made>();
  let keys: readonly SigningKey[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let revision = 0;
  const signingKey = (at: number): SigningKey | undefined => {
    if (Math.abs(at - lookedAt) >= LOOK_EVERY_MS) {
      lookedAt = at;
      const read = readKeys(options, revision);
      if (read !== undefined) ({ keys, revision } = read);
    }
    return keys.find(({ signsFrom, expiresAt }) => signsFrom <= at && at < expiresAt);
  };
  return {
    tokenOf(client, document) {
      const demand = document.clientIdentity?.jwt;
      if (demand === undefined) return null;
      const at = now();
      const about = [document.project, demand.audience, demand.ttlSeconds, client.fingerprint].join(' ');
      const known = made.get(client);
      if (known?.about === about && at < known.renewAt) return known.token;
      const key = signingKey(at);
      if (key === undefined) return null;
      const token = signToken(key, claimsOf(client, document.project, demand, at));
      made.set(client, { about, token, renewAt: at + (demand.ttlSeconds * 1_000) / 2 });
      return token;
    },
  };
}

function claimsOf(
  client: ClientIdentity,
  project: string,
  { audience, ttlSeconds }: ClientIdentityToken,
  now: number,
): object {
  const subject = formatRfc4514(readCertificateFields(client.leafDer).subject);
  const issuedAt = Math.floor(now / 1_000);
  return {
    iss: identityIssuerOf(project),
    aud: audience,
    sub: subject === '' || subject.length > SUBJECT_CHARS_MAX ? `sha256:${client.fingerprint}` : subject,
    iat: issuedAt,
    exp: Math.min(issuedAt + ttlSeconds, Math.floor(client.validUntil / 1_000)),
    // RFC 8705 section 3.1: the certificate that the token is about.
    cnf: { 'x5t#S256': Buffer.from(client.fingerprint, 'hex').toString('base64url') },
  };
}

function signToken({ id, key }: SigningKey, claims: object): string {
  const input = [{ alg: 'ES256', typ: 'JWT', kid: id }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** The keys, newest first; undefined where they are those that are known. What cannot be used signs nothing. */
function readKeys(
  { replica, edgeKeyPem, log }: IdentityTokensOptions,
  known: number,
): { keys: SigningKey[]; revision: number } | undefined {
  const change = replica.get('identity-keys', IDENTITY_KEYS.id);
  if (change?.revision === known) return undefined;
  if (change === undefined || change.body === null) return { keys: [], revision: 0 };
  try {
    const read = readDocument('identity-keys', change.body);
    if (!read.ok) throw new Error(`what stands at "${read.at}" is wrong`);
    const keys = read.body.keys.map((entry) => {
      const pkcs8 = openAtEdge(edgeKeyPem, entry.sealedKey, `edge-identity-key:${entry.id}`);
      const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      pkcs8.fill(0);
      return {
        id: entry.id,
        key,
        signsFrom: Date.parse(entry.signsFrom),
        expiresAt: Date.parse(entry.expiresAt),
      };
    });
    return { keys, revision: change.revision };
  } catch (error) {
    log.error({ err: error }, 'the keys of identity tokens cannot be used; services get none');
    return { keys: [], revision: change.revision };
  }
}
