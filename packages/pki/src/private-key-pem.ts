import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Finding } from '@postern/contracts';
import { keyTypeOf, problemOfKey } from './key-type.ts';
import { type PemBlock, readPemBlocks } from './pem-blocks.ts';
import { errorAt } from './place.ts';

const FORMS: Readonly<Record<string, 'pkcs8' | 'pkcs1' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
};

/**
 * Reads the one unencrypted private key of a PEM file, or says with line and column why not.
 *
 * Encrypted keys are refused with the command that decrypts them; so are kinds of keys Postern does not serve with.
 */
export function parsePrivateKeyPem(
  text: string,
  { pointer }: { pointer: string },
): { ok: true; key: KeyObject; keyType: string } | { ok: false; findings: Finding[] } {
  const { blocks, findings } = readPemBlocks(text, { pointer, use: 'private-key' });
  const candidates = blocks.filter((block) => block.label !== 'EC PARAMETERS');
  const keys = candidates.filter((block) => block.label.endsWith('PRIVATE KEY'));
  for (const block of candidates) {
    if (keys.includes(block)) continue;
    const message = `a block of type ${block.label} does not belong in a private key file`;
    findings.push(errorAt(block.place, 'pem_foreign_block', message, 'send the private key alone'));
  }
  const [first, second] = keys;
  if (second !== undefined) {
    findings.push(errorAt(second.place, 'too_many_keys', 'this is a second private key: only one is read'));
  }
  if (first === undefined) {
    if (findings.length === 0)
      findings.push(errorAt({ pointer }, 'no_private_key', 'the file holds no PRIVATE KEY block'));
    return { ok: false, findings };
  }
  const result = decodeKey(first);
  if ('finding' in result) findings.push(result.finding);
  return findings.length > 0 || 'finding' in result ? { ok: false, findings } : { ok: true, ...result };
}

function decodeKey(block: PemBlock): { key: KeyObject; keyType: string } | { finding: Finding } {
  const refuse = (code: string, message: string, hint?: string): { finding: Finding } => ({
    finding: errorAt(block.place, code, message, hint),
  });
  const isEncrypted =
    block.label === 'ENCRYPTED PRIVATE KEY' ||
    block.headers.some((field) => /^Proc-Type:.*ENCRYPTED/i.test(field));
  if (isEncrypted) {
    return refuse(
      'key_encrypted',
      'the private key is encrypted with a passphrase',
      'decrypt it: openssl pkey -in FILE -out FILE.plain',
    );
  }
  if (block.label === 'OPENSSH PRIVATE KEY') {
    return refuse(
      'key_openssh',
      'this is a key in the form of OpenSSH',
      'convert it: ssh-keygen -p -N "" -m PKCS8 -f FILE',
    );
  }
  const form = FORMS[block.label];
  if (form === undefined) return refuse('key_type', `keys of type ${block.label} are not supported`);
  try {
    const key = createPrivateKey({ key: block.der, format: 'der', type: form });
    const problem = problemOfKey(key);
    return problem === undefined ? { key, keyType: keyTypeOf(key) } : refuse('key_type', problem);
  } catch {
    return refuse('key_undecodable', 'the private key begun here cannot be decoded');
  }
}
