import { type Finding, LIMITS, PosternError, type ResourceName, type SecretInput } from '@postern/contracts';
import {
  parseAsymmetricSecret,
  parseCaSecret,
  parseCrlSecret,
  parseTlsSecret,
  sealWithMasterKey,
} from '@postern/pki';
import type { SecretWrite } from '@postern/store';
import { findingsUnder } from './body-pointers.ts';
import { countOf } from './operation.ts';

interface SecretPlace {
  readonly project: ResourceName;
  readonly name: ResourceName;
}

/** What the store keeps of a secret's values, and what is doubtful about them (pointers into the request body). */
interface ReadSecret {
  readonly write: Pick<SecretWrite, 'type' | 'details' | 'sealed' | 'document' | 'source'>;
  readonly warnings: readonly Finding[];
}

/**
 * Checks the values of a secret (a crl against `caPem`, the CAs of the tls-ca that it names), seals them to the master key and says what is public about them.
 * Fails with `validation_failed`; findings name line and column inside a PEM text, and never repeat a value.
 */
export function readSecretInput(
  input: SecretInput,
  place: SecretPlace,
  masterKey: Buffer,
  now: number,
  caPem: string,
): ReadSecret {
  const { type, ...values } = input;
  const { warnings, ...examined } = examine(input, place, masterKey, now, caPem);
  const plaintext = Buffer.from(JSON.stringify(values));
  const sealed = sealWithMasterKey(masterKey, plaintext, `secret:${place.project}/${place.name}:${type}`);
  plaintext.fill(0);
  return { write: { type, sealed, ...examined }, warnings: findingsUnder('secret', warnings) };
}

type Examined = Pick<SecretWrite, 'details' | 'document' | 'source'> & {
  readonly warnings: readonly Finding[];
};

function examine(
  input: SecretInput,
  place: SecretPlace,
  masterKey: Buffer,
  now: number,
  caPem: string,
): Examined {
  switch (input.type) {
    case 'tls-ca': {
      const { details, bundle, warnings } = secretOf(parseCaSecret(input.cert, { pointer: '/cert', now }));
      return { details, document: { kind: 'trust-bundle', body: bundle }, warnings };
    }
    case 'tls': {
      const { cert, key, ca } = input;
      const { details, facts, keyPem, warnings } = secretOf(parseTlsSecret({ cert, key, ca }, now));
      const aad = `certificate-key:tls:${place.project}/${place.name}`;
      const sealedKey = sealWithMasterKey(masterKey, Buffer.from(keyPem), aad);
      return { details, document: { kind: 'certificate', body: { ...facts, sealedKey } }, warnings };
    }
    case 'generic':
      return { details: { keys: Object.keys(input.data).sort() }, document: null, warnings: [] };
    case 'symmetric':
      return { details: { keys: ['secretKey'] }, document: null, warnings: [] };
    case 'crl': {
      const policy = input.policy ?? 'hard';
      if (input.crl === undefined) return fetchedList(input, policy);
      const parsed = parseCrlSecret(input.crl, { pointer: '/crl', caPem, policy, now });
      const { details, document } = secretOf(parsed);
      return {
        details: { keys: ['crl'], crl: { ca: input.ca.name, ...details } },
        document: { kind: 'crl', body: document },
        warnings: [],
      };
    }
    case 'asymmetric': {
      const { details } = secretOf(parseAsymmetricSecret(input));
      return { details, document: null, warnings: [] };
    }
  }
}

/** A list that the certificate worker fetches: nothing is known of it yet. */
function fetchedList(
  { ca, url, refreshSeconds }: Extract<SecretInput, { type: 'crl' }>,
  policy: 'hard' | 'soft',
): Examined {
  const source = { url: url ?? '', refreshSeconds: refreshSeconds ?? LIMITS.crlRefreshSecondsDefault };
  const unknown = { issuer: null, number: null, thisUpdate: null, nextUpdate: null, entries: 0 };
  return {
    details: { keys: ['url'], crl: { ca: ca.name, policy, ...unknown, source } },
    document: null,
    source: { url: source.url, refreshMs: source.refreshSeconds * 1000 },
    warnings: [],
  };
}

function secretOf<T>(parsed: { ok: true; secret: T } | { ok: false; findings: Finding[] }): T {
  if (parsed.ok) return parsed.secret;
  const findings = findingsUnder('secret', parsed.findings);
  throw new PosternError('validation_failed', { detail: countOf(findings), findings });
}
