import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { Finding, SecretDetails } from '@postern/contracts';
import { keyTypeOf, problemOfKey } from './key-type.ts';
import { type PemBlock, readPemBlocks } from './pem-blocks.ts';
import { errorAt } from './place.ts';
import { parsePrivateKeyPem } from './private-key-pem.ts';

/** Reads the one public key of a PEM file (`PUBLIC KEY` or `RSA PUBLIC KEY`), or says with line and column why not. */
export function parsePublicKeyPem(
  text: string,
  { pointer }: { pointer: string },
): { ok: true; key: KeyObject; keyType: string } | { ok: false; findings: Finding[] } {
  const { blocks, findings } = readPemBlocks(text, { pointer, use: 'public-key' });
  const [first, second] = blocks.filter((block) => block.label !== 'EC PARAMETERS');
  if (second !== undefined) {
    findings.push(errorAt(second.place, 'too_many_keys', 'this is a second block: only one key is read'));
  }
  if (first === undefined) {
    if (findings.length === 0)
      findings.push(errorAt({ pointer }, 'no_public_key', 'the file holds no PUBLIC KEY block'));
    return { ok: false, findings };
  }
  const key = decodePublicKey(first, findings);
  if (key === undefined || findings.length > 0) return { ok: false, findings };
  return { ok: true, key, keyType: keyTypeOf(key) };
}

function decodePublicKey(block: PemBlock, findings: Finding[]): KeyObject | undefined {
  if (block.label !== 'PUBLIC KEY' && block.label !== 'RSA PUBLIC KEY') {
    const message = `a block of type ${block.label} is not a public key`;
    const hint = block.label.endsWith('PRIVATE KEY')
      ? 'extract it: openssl pkey -in FILE -pubout'
      : undefined;
    findings.push(errorAt(block.place, 'pem_foreign_block', message, hint));
    return undefined;
  }
  try {
    const type = block.label === 'PUBLIC KEY' ? 'spki' : 'pkcs1';
    const key = createPublicKey({ key: block.der, format: 'der', type });
    const problem = problemOfKey(key);
    if (problem === undefined) return key;
    findings.push(errorAt(block.place, 'key_type', problem));
  } catch {
    findings.push(errorAt(block.place, 'key_undecodable', 'the public key begun here cannot be decoded'));
  }
  return undefined;
}

/** The public half of a private key, as PEM (SubjectPublicKeyInfo). */
export function publicKeyPemOf(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * Reads an asymmetric secret: a private key, its public key, or both, which then must belong together.
 *
 * Pointers are `/privateKey` and `/publicKey`. The keys come back as PEM written anew: PKCS #8 and SubjectPublicKeyInfo.
 */
export function parseAsymmetricSecret(input: {
  readonly privateKey?: string | undefined;
  readonly publicKey?: string | undefined;
}):
  | { ok: true; secret: { details: SecretDetails; privateKeyPem?: string; publicKeyPem?: string } }
  | { ok: false; findings: Finding[] } {
  const { privateKey, publicKey } = input;
  const secretHalf =
    privateKey === undefined ? undefined : parsePrivateKeyPem(privateKey, { pointer: '/privateKey' });
  const publicHalf =
    publicKey === undefined ? undefined : parsePublicKeyPem(publicKey, { pointer: '/publicKey' });
  const findings = [secretHalf, publicHalf].flatMap((half) => (half?.ok === false ? half.findings : []));
  const own = secretHalf?.ok === true ? secretHalf.key : undefined;
  const given = publicHalf?.ok === true ? publicHalf.key : undefined;
  if (own !== undefined && given !== undefined && !createPublicKey(own).equals(given)) {
    const message = 'the public key is not that of the private key';
    findings.push(errorAt({ pointer: '/publicKey' }, 'key_mismatch', message));
  }
  const shown = given ?? (own === undefined ? undefined : createPublicKey(own));
  if (shown === undefined && findings.length === 0) {
    findings.push(errorAt({ pointer: '' }, 'key_missing', 'a private or a public key is needed'));
  }
  if (shown === undefined || findings.length > 0) return { ok: false, findings };
  const spki = shown.export({ type: 'spki', format: 'der' });
  return {
    ok: true,
    secret: {
      details: {
        keys: [own === undefined ? [] : ['privateKey'], given === undefined ? [] : ['publicKey']].flat(),
        publicKey: {
          keyType: keyTypeOf(shown),
          fingerprint: createHash('sha256').update(spki).digest('hex'),
        },
      },
      ...(own === undefined
        ? {}
        : { privateKeyPem: own.export({ type: 'pkcs8', format: 'pem' }).toString() }),
      ...(given === undefined
        ? {}
        : { publicKeyPem: given.export({ type: 'spki', format: 'pem' }).toString() }),
    },
  };
}
