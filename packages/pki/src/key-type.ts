import type { KeyObject } from 'node:crypto';

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

/** Bits. Shorter RSA keys can be broken; longer ones make each handshake cost more than the edge should bear. */
const RSA_BITS = { min: 2048, max: 8192 } as const;

/** A key's type as people name it: `RSA 2048`, `EC P-256`, `Ed25519`. */
export function keyTypeOf(key: KeyObject): string {
  const type = key.asymmetricKeyType;
  const details = key.asymmetricKeyDetails;
  switch (type) {
    case 'rsa':
      return `RSA ${details?.modulusLength ?? '?'}`;
    case 'ec':
      return `EC ${CURVES[details?.namedCurve ?? ''] ?? details?.namedCurve ?? 'unnamed curve'}`;
    case 'ed25519':
      return 'Ed25519';
    default:
      return type ?? key.type;
  }
}

/** Says why Postern does not serve with a key, or undefined: RSA 2048 to 8192, P-256, P-384, P-521 and Ed25519 it does. */
export function problemOfKey(key: KeyObject): string | undefined {
  const type = key.asymmetricKeyType;
  const details = key.asymmetricKeyDetails;
  if (type === 'ed25519') return undefined;
  if (type === 'ec' && details?.namedCurve !== undefined && Object.hasOwn(CURVES, details.namedCurve))
    return undefined;
  const bits = details?.modulusLength ?? 0;
  if (type === 'rsa' && bits >= RSA_BITS.min && bits <= RSA_BITS.max) return undefined;
  return `keys of type ${keyTypeOf(key)} are not supported: use RSA 2048 to 8192, EC P-256, P-384, P-521 or Ed25519`;
}
