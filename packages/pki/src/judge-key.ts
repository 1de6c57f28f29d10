import type { PublicKeyFields } from './public-key-fields.ts';

/** RSA keys: shorter ones can be broken, longer ones cost more than an edge should bear. */
const RSA_BITS = { min: 2048, max: 8192 } as const;
const CURVES: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
};

/** Says whether a key may stand on a client's path (docs/admission.md), and in one line which it is or what is wrong with it. */
export function judgeKey(key: PublicKeyFields): { isStrong: boolean; detail: string } {
  const strong = (detail: string) => ({ isStrong: true, detail });
  const weak = (detail: string) => ({ isStrong: false, detail });
  switch (key.type) {
    case 'rsa':
      if (key.bits < RSA_BITS.min) return weak(`RSA of ${key.bits} bits; at least ${RSA_BITS.min}`);
      if (key.bits > RSA_BITS.max) return weak(`RSA of ${key.bits} bits; at most ${RSA_BITS.max}`);
      if (!key.hasSoundExponent) return weak('RSA with an unsound public exponent');
      return strong(`RSA ${key.bits}`);
    case 'ec': {
      const curve = key.curve === null ? undefined : CURVES[key.curve];
      if (curve === undefined) return weak(`EC on the curve ${key.curve ?? 'of its own parameters'}`);
      return strong(`EC ${curve}`);
    }
    case 'ed25519':
      return strong('Ed25519');
    case 'ed448':
      return strong('Ed448');
    case 'other':
      return weak(`a key of type ${key.oid}`);
  }
}
