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

const FORMAT = 'e1';
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

/**
 * Seals bytes to one edge: X25519 with a fresh key, HKDF-SHA-256, AES-256-GCM. The text is `e1.FRESH_PUBLIC_KEY.SEALED`.
 *
 * Throws `validation_failed` when `publicKey` is not an X25519 key (32 bytes, base64url, not of low order).
 */
export function sealToEdge(publicKey: string, plaintext: Buffer, aad: string): string {
  const fresh = generateKeyPairSync('x25519');
  const freshPublic = rawPublicKey(fresh.publicKey);
  try {
    const shared = diffieHellman({ privateKey: fresh.privateKey, publicKey: recipientKeyOf(publicKey) });
    const { key, nonce } = deriveKeys(shared, freshPublic, publicKey);
    const sealed = encryptAead(key, nonce, plaintext, aad);
    return [FORMAT, freshPublic, sealed.toString('base64url')].join('.');
  } catch (cause) {
    throw new PosternError('validation_failed', {
      detail: 'the edge key is not an X25519 public key (32 bytes in base64url)',
      cause,
    });
  }
}

/** Opens what was sealed to this edge for the same `aad`; throws `internal` otherwise. */
export function openAtEdge(privateKeyPem: string, sealed: string, aad: string): Buffer {
  const [format, freshPublic, body, ...rest] = sealed.split('.');
  try {
    if (format !== FORMAT || freshPublic === undefined || body === undefined || rest.length > 0)
      throw new Error('not in the form of a value sealed to an edge');
    const { privateKey, publicKey } = edgeKeyOf(privateKeyPem);
    const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(freshPublic) });
    const { key, nonce } = deriveKeys(shared, freshPublic, publicKey);
    return decryptAead(key, nonce, Buffer.from(body, 'base64url'), aad);
  } catch (cause) {
    throw new PosternError('internal', {
      detail:
        'a value could not be opened: it was sealed to another edge key or for another use, or is damaged',
      cause,
    });
  }
}

/** The edge's own key, read once: an edge of many hosts opens thousands of values with it. */
let known: { readonly pem: string; readonly privateKey: KeyObject; readonly publicKey: string } | undefined;

function edgeKeyOf(pem: string): { privateKey: KeyObject; publicKey: string } {
  if (known?.pem !== pem) known = { pem, privateKey: createPrivateKey(pem), publicKey: edgePublicKeyOf(pem) };
  return known;
}

/** The key sealed to last: a full copy seals thousands of values to one edge. */
let recipient: { readonly text: string; readonly key: KeyObject } | undefined;

function recipientKeyOf(text: string): KeyObject {
  if (recipient?.text !== text) recipient = { text, key: publicKeyOf(text) };
  return recipient.key;
}

/** The key is used for one message only, so that the nonce may come from the same derivation. */
function deriveKeys(shared: Buffer, fresh: string, edge: string): { key: Buffer; nonce: Buffer } {
  const salt = Buffer.from(`${fresh}.${edge}`);
  const secret = createSecretKey(shared);
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, 'postern edge seal 1', AEAD.key + AEAD.nonce));
  return { key: bytes.subarray(0, AEAD.key), nonce: bytes.subarray(AEAD.key) };
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
