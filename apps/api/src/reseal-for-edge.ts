import { CHANGE_BODIES, type Change, DOCUMENT_FORMAT } from '@postern/contracts';
import { openCertificateKey, sealToEdge } from '@postern/pki';
import { resealIdentityKeys } from './reseal-identity-keys.ts';

/**
 * Makes the feed's transform for one edge: the private key of every certificate, sealed to the master key in the store,
 * is sealed to that edge's public key, with the AAD `edge-certificate:CHANGE_ID`. Other changes pass as they are.
 * The transform throws where a certificate cannot be read or opened; the feed then sends it as unusable.
 */
export function resealForEdge(masterKey: Buffer, edgeKey: string): (change: Change) => Change {
  return (change) => {
    if (change.body === null) return change;
    if (change.kind === 'identity-keys') return resealIdentityKeys(change, masterKey, edgeKey);
    if (change.kind !== 'certificate') return change;
    if (change.formatVersion !== DOCUMENT_FORMAT) {
      throw new Error(`certificate ${change.id} has format ${change.formatVersion}`);
    }
    const body = CHANGE_BODIES.certificate.parse(change.body);
    const key = openCertificateKey(masterKey, body.sealedKey);
    try {
      const sealedKey = sealToEdge(edgeKey, key, `edge-certificate:${change.id}`);
      return { ...change, body: { ...body, sealedKey } };
    } finally {
      key.fill(0);
    }
  };
}
