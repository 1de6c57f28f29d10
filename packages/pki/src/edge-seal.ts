import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { PosternError } from '@postern/contracts/plain';
import { AEAD, decryptAead, encryptAead } from './aead.ts';
import { writePem } from './pem-blocks.ts';

const FORMAT = 'e2';
const INFO = 'postern edge seal 2';
/** What the replica of an edge may still hold that was filled by an API before this form. */
const FORMER_FORMAT = 'e1';
const FORMER_INFO = 'postern edge seal 1';
/** Bytes of a raw X25519 public key (RFC 7748 section 5). */
const PUBLIC_KEY_BYTES = 32;
/** What comes before these bytes in a SubjectPublicKeyInfo (RFC 8410 section 4). */
const X25519_SPKI_HEAD = Buffer.from('302a300506032b656e032100', 'hex');

/** Makes an edge's X25519 key pair: the public key as base64url of its raw 32 bytes, the private key as PEM. */
export function newEdgeKeyPair(): { publicKey: string; privateKeyPem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    publicKey: rawPublicKey(publicKey),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** The public key (base64url, raw) that belongs to an edge's private key. */
export function edgePublicKeyOf(privateKeyPem: string): string {
  return rawPublicKey(createPublicKey(privateKeyPem));
}

/** Seals bytes to one edge for the use that `aad` names. */
export type SealToEdge = (plaintext: Buffer, aad: string) => string;

/**
 * Agrees with one edge on a key and seals any number of values under it, each by a number of its own: X25519 with a fresh key, HKDF-SHA-256,
 * AES-256-GCM. A text is `e2.FRESH_PUBLIC_KEY.SEALED`, SEALED begins with the number. One exchange for each value would be half of all that a first
 * sync costs the API.
 *
 * Throws `validation_failed` when `publicKey` is not an X25519 key (32 bytes, base64url, not of low order).
 */
export function sealerToEdge(publicKey: string): SealToEdge {
  const { freshPublic, key } = agreeWithEdge(publicKey);
  let sealedCount = 0;
  return (plaintext, aad) => {
    const nonce = Buffer.alloc(AEAD.nonce);
    nonce.writeUIntBE(sealedCount, AEAD.nonce - 6, 6);
    sealedCount += 1;
    const sealed = Buffer.concat([nonce, encryptAead(key, nonce, plaintext, aad)]);
    return [FORMAT, freshPublic, sealed.toString('base64url')].join('.');
  };
}

function agreeWithEdge(publicKey: string): { freshPublic: string; key: KeyObject } {
  try {
    const fresh = generateKeyPairSync('x25519');
    const freshPublic = rawPublicKey(fresh.publicKey);
    const shared = diffieHellman({ privateKey: fresh.privateKey, publicKey: publicKeyOf(publicKey) });
    return { freshPublic, key: createSecretKey(derive(shared, freshPublic, publicKey, INFO, AEAD.key)) };
  } catch (cause) {
    throw new PosternError('validation_failed', {
      detail: 'the edge key is not an X25519 public key (32 bytes in base64url)',
      cause,
    });
  }
}

/** Opens what was sealed to this edge for the same `aad`; throws `internal` otherwise. */
export function openAtEdge(privateKeyPem: string, sealed: string, aad: string): Buffer {
  const [format, freshPublic, text, ...rest] = sealed.split('.');
  try {
    if (freshPublic === undefined || text === undefined || rest.length > 0)
      throw new Error('not in the form of a value sealed to an edge');
    const body = Buffer.from(text, 'base64url');
    if (format === FORMER_FORMAT) return openFormer(privateKeyPem, freshPublic, body, aad);
    if (format !== FORMAT) throw new Error('sealed in a form that is not known');
    const key = keyAgreedWith(freshPublic, privateKeyPem);
    return decryptAead(key, body.subarray(0, AEAD.nonce), body.subarray(AEAD.nonce), aad);
  } catch (cause) {
    throw new PosternError('internal', {
      detail:
        'a value could not be opened: it was sealed to another edge key or for another use, or is damaged',
      cause,
    });
  }
}

/** Each value under an exchange of its own, from which its nonce came too. */
function openFormer(privateKeyPem: string, freshPublic: string, body: Buffer, aad: string): Buffer {
  const { privateKey, publicKey } = edgeKeyOf(privateKeyPem);
  const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(freshPublic) });
  const bytes = derive(shared, freshPublic, publicKey, FORMER_INFO, AEAD.key + AEAD.nonce);
  return decryptAead(createSecretKey(bytes.subarray(0, AEAD.key)), bytes.subarray(AEAD.key), body, aad);
}

/** The edge's own key, read once: an edge of many hosts opens thousands of values with it. */
let known: { readonly pem: string; readonly privateKey: KeyObject; readonly publicKey: string } | undefined;

function edgeKeyOf(pem: string): { privateKey: KeyObject; publicKey: string } {
  if (known?.pem !== pem) known = { pem, privateKey: createPrivateKey(pem), publicKey: edgePublicKeyOf(pem) };
  return known;
}

/** The agreement that was used last: all of a full copy is sealed under one. */
let agreed: { readonly pem: string; readonly freshPublic: string; readonly key: KeyObject } | undefined;

function keyAgreedWith(freshPublic: string, pem: string): KeyObject {
  if (agreed?.freshPublic !== freshPublic || agreed.pem !== pem) {
    const { privateKey, publicKey } = edgeKeyOf(pem);
    const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(freshPublic) });
    const key = createSecretKey(derive(shared, freshPublic, publicKey, INFO, AEAD.key));
    agreed = { pem, freshPublic, key };
  }
  return agreed.key;
}

function derive(shared: Buffer, fresh: string, edge: string, info: string, bytes: number): Buffer {
  const salt = Buffer.from(`${fresh}.${edge}`);
  return Buffer.from(hkdfSync('sha256', createSecretKey(shared), salt, info, bytes));
}

function rawPublicKey(key: KeyObject): string {
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined) throw new PosternError('internal', { detail: 'not an X25519 key' });
  return x;
}

function publicKeyOf(text: string): KeyObject {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== PUBLIC_KEY_BYTES || bytes.toString('base64url') !== text)
    throw new Error('not 32 bytes in base64url');
  // As a JWK it takes three times as long: Node 24 asks an object by exceptions whether it is a key already.
  return createPublicKey(writePem('PUBLIC KEY', Buffer.concat([X25519_SPKI_HEAD, bytes])));
}
