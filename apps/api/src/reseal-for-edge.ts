import { CHANGE_BODIES, type Change, DOCUMENT_FORMAT } from '@postern/contracts';
import { openCertificateKey, openWithMasterKey, type SealToEdge } from '@postern/pki';
import { resealIdentityKeys } from './reseal-identity-keys.ts';
import { ticketKeyUse } from './rotate-ticket-keys.ts';

/**
 * Makes the feed's transform for one edge: the private key of every certificate, sealed to the master key in the store,
 * is sealed to that edge, with the AAD `edge-certificate:CHANGE_ID`, and so are the keys behind session tickets, with
 * `edge-ticket-key:ID`. Other changes pass as they are.
 * The transform throws where something cannot be read or opened; the feed then sends it as unusable.
 */
export function resealForEdge(masterKey: Buffer, seal: SealToEdge): (change: Change) => Change {
  return (change) => {
    if (change.body === null) return change;
    if (change.kind === 'ticket-keys') return resealTicketKeys(change, masterKey, seal);
    if (change.kind === 'identity-keys') return resealIdentityKeys(change, masterKey, seal);
    if (change.kind !== 'certificate') return change;
    if (change.formatVersion !== DOCUMENT_FORMAT) {
      throw new Error(`certificate ${change.id} has format ${change.formatVersion}`);
    }
    const body = CHANGE_BODIES.certificate.parse(change.body);
    const key = openCertificateKey(masterKey, body.sealedKey);
    try {
      const sealedKey = seal(key, `edge-certificate:${change.id}`);
      return { ...change, body: { ...body, sealedKey } };
    } finally {
      key.fill(0);
    }
  };
}

function resealTicketKeys(change: Change, masterKey: Buffer, seal: SealToEdge): Change {
  const body = CHANGE_BODIES['ticket-keys'].parse(change.body);
  const keys = body.keys.map((entry) => {
    const key = openWithMasterKey(masterKey, entry.sealedKey, ticketKeyUse(entry.id));
    try {
      return { ...entry, sealedKey: seal(key, `edge-ticket-key:${entry.id}`) };
    } finally {
      key.fill(0);
    }
  });
  return { ...change, body: { keys } };
}
