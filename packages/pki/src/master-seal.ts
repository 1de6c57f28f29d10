import { createSecretKey, randomBytes } from 'node:crypto';
import { PosternError } from '@postern/contracts';
import { AEAD, decryptAead, encryptAead } from './aead.ts';

const FORMAT = 'm1';
const CERTIFICATE_KEY = 'certificate-key:';

/** Makes a master key: 32 random bytes. */
export function newMasterKey(): Buffer {
  return randomBytes(AEAD.key);
}

/**
 * Seals bytes so that only a holder of the master key reads them, and only as what `aad` says they are.
 *
 * AES-256-GCM under a fresh data key, itself wrapped by the master key. The text is `m1.AAD.WRAPPED.SEALED` in base64url;
 * `aad` is readable in it, and authenticated.
 */
export function sealWithMasterKey(masterKey: Buffer, plaintext: Buffer, aad: string): string {
  const dataKey = randomBytes(AEAD.key);
  const wrapped = sealPart(checkedMasterKey(masterKey), dataKey, `wrap:${aad}`);
  const sealed = sealPart(dataKey, plaintext, `data:${aad}`);
  dataKey.fill(0);
  return [FORMAT, Buffer.from(aad).toString('base64url'), wrapped, sealed].join('.');
}

/** Opens what `sealWithMasterKey` made for the same `aad`; throws `internal` for another key, another `aad` or damage. */
export function openWithMasterKey(masterKey: Buffer, sealed: string, aad: string): Buffer {
  return open(masterKey, sealed, (own) => own === aad);
}

/**
 * Opens the sealed private key of a certificate, whichever it belongs to, so that the feed can seal it again to an
 * edge. Throws `internal` when the text was sealed as anything but a `certificate-key:`.
 */
export function openCertificateKey(masterKey: Buffer, sealed: string): Buffer {
  return open(masterKey, sealed, (own) => own.startsWith(CERTIFICATE_KEY));
}

function open(masterKey: Buffer, text: string, accepts: (aad: string) => boolean): Buffer {
  const [format, aadPart, wrapped, sealed, ...rest] = text.split('.');
  const aad = Buffer.from(aadPart ?? '', 'base64url').toString();
  if (format !== FORMAT || wrapped === undefined || sealed === undefined || rest.length > 0)
    throw unopened('it is not in the form of a sealed value');
  if (!accepts(aad)) throw unopened('it was sealed as something else');
  try {
    const dataKey = openPart(checkedMasterKey(masterKey), wrapped, `wrap:${aad}`);
    return openPart(dataKey, sealed, `data:${aad}`);
  } catch (cause) {
    throw unopened('the master key is another one, or the value is damaged', cause);
  }
}

function sealPart(key: Buffer, plaintext: Buffer, aad: string): string {
  const nonce = randomBytes(AEAD.nonce);
  return Buffer.concat([nonce, encryptAead(createSecretKey(key), nonce, plaintext, aad)]).toString(
    'base64url',
  );
}

function openPart(key: Buffer, part: string, aad: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  return decryptAead(createSecretKey(key), bytes.subarray(0, AEAD.nonce), bytes.subarray(AEAD.nonce), aad);
}

function checkedMasterKey(masterKey: Buffer): Buffer {
  if (masterKey.length !== AEAD.key)
    throw new PosternError('internal', { detail: `a master key has ${AEAD.key} bytes` });
  return masterKey;
}

function unopened(why: string, cause?: unknown): PosternError {
  return new PosternError('internal', { detail: `a sealed value could not be opened: ${why}`, cause });
}
