import type { CrlDocument, Finding, SecretDetails } from '@postern/contracts/plain';
import { LIMITS } from '@postern/contracts/plain';
import { KEY_USAGE } from './certificate-extensions.ts';
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts';
import { readPemBlocks } from './pem-blocks.ts';
import { errorAt, type Place } from './place.ts';
import { type RevocationList, readRevocationList } from './revocation-list.ts';

/** Milliseconds that the clock of an issuer may be ahead of ours. */
const CLOCK_SKEW_MS = 300_000;
const LABELS: readonly string[] = ['X509 CRL', 'CRL'];

/** A revocation list that one of the given CAs has signed and that holds now: what is shown of it, and what edges get. */
export interface CrlSecret {
  readonly details: Omit<NonNullable<SecretDetails['crl']>, 'ca' | 'source'>;
  readonly document: CrlDocument;
}

/** What a list is held to: the CAs of the tls-ca it belongs to (PEM), one of which must have signed it with the right to do so. */
interface ListDemands {
  readonly caPem: string;
  readonly policy: 'hard' | 'soft';
  /** Milliseconds since 1970: a stale list, and one of the future, are refused. */
  readonly now: number;
}

type CrlReading = { ok: true; secret: CrlSecret } | { ok: false; findings: Finding[] };

/** Reads the PEM of a crl secret; findings have their places below `pointer`. */
export function parseCrlSecret(
  text: string,
  { pointer, ...demands }: ListDemands & { pointer: string },
): CrlReading {
  return parsePem(text, pointer, LIMITS.crlBytesMax, demands);
}

/** Reads a list as servers give it out, in DER or PEM. */
export function readFetchedList(bytes: Buffer, demands: ListDemands): CrlReading {
  if (bytes[0] === 0x30) return examine(bytes, { pointer: '' }, demands);
  return parsePem(bytes.toString('latin1'), '', LIMITS.crlFetchedBytesMax, demands);
}

function parsePem(text: string, pointer: string, bytesMax: number, demands: ListDemands): CrlReading {
  const { blocks, findings } = readPemBlocks(text, { pointer, use: 'crl', bytesMax });
  const [block, ...more] = blocks;
  if (findings.length > 0) return { ok: false, findings };
  if (block === undefined || more.length > 0 || !LABELS.includes(block.label))
    return refusal(
      block?.place ?? { pointer },
      'crl_one_list',
      'exactly one block of the label X509 CRL is needed',
    );
  return examine(block.der, block.place, demands);
}

function refusal(place: Place, code: string, message: string, hint?: string): CrlReading {
  return { ok: false, findings: [errorAt(place, code, message, hint)] };
}

function examine(der: Buffer, place: Place, { caPem, policy, now }: ListDemands): CrlReading {
  const fail = (code: string, message: string, hint?: string) => refusal(place, code, message, hint);
  let list: RevocationList;
  try {
    list = readRevocationList(der);
  } catch (error) {
    return fail(
      'crl_unusable',
      `the revocation list cannot be used: ${error instanceof Error ? error.message : ''}`,
    );
  }
  const issuer = list.issuer.text;
  const named = fieldsOf(caPem).filter(({ subject }) => subject.key === list.issuer.key);
  if (named.length === 0)
    return fail('crl_issuer', `no CA of the tls-ca secret is called ${issuer}, which issued the list`);
  const signer = named.find(({ publicKeyDer }) => list.isSignedBy(publicKeyDer));
  if (signer === undefined)
    return fail(
      'crl_signature',
      `the CA ${issuer} of the tls-ca secret did not sign the list, or not with SHA-2`,
    );
  if (signer.keyUsage !== null && (signer.keyUsage & KEY_USAGE.cRLSign) === 0)
    return fail('crl_key_usage', `the CA ${issuer} may not sign lists: its keyUsage lacks cRLSign`);
  if (list.thisUpdate > now + CLOCK_SKEW_MS)
    return fail('crl_not_yet_valid', `the list begins to hold at ${timeOf(list.thisUpdate)}`);
  if (list.nextUpdate !== null && list.nextUpdate <= now)
    return fail(
      'crl_stale',
      `the list is stale since ${timeOf(list.nextUpdate)}`,
      'have the CA issue a new one',
    );
  return {
    ok: true,
    secret: {
      details: {
        policy,
        issuer,
        number: list.crlNumber,
        thisUpdate: timeOf(list.thisUpdate),
        nextUpdate: list.nextUpdate === null ? null : timeOf(list.nextUpdate),
        entries: list.size,
      },
      document: {
        policy,
        list: der.toString('base64'),
        signerKey: signer.publicKeyDer.toString('base64'),
      },
    },
  };
}

function fieldsOf(caPem: string): CertificateFields[] {
  return readPemBlocks(caPem, { pointer: '', use: 'certificate' }).blocks.map(({ der }) =>
    readCertificateFields(der),
  );
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
