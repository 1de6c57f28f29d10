import { contextConstructed, DER_TAGS, DerCursor, readSmallInteger } from '@postern/pki/plain';
import { knownLeaf } from './der-hash.ts';

/** What a TLS session holds of the client with whom it was begun. */
export interface SessionClient {
  /** The client certificate of the first handshake, in memory that is shared and must not change; null where none was sent. */
  readonly leafDer: Buffer | null;
  /** OpenSSL found nothing wrong with it then. */
  readonly wasGood: boolean;
}

/** Numbers of the fields in OpenSSL's form of a session (ssl/ssl_asn1.c). */
const FIELD_PEER = 3;
const FIELD_VERIFY_RESULT = 5;

/**
 * Reads a session in OpenSSL's form, and wipes it: it holds the session's secret. Throws an Error for what is none, or is of another form.
 */
export function readSession(session: Buffer): SessionClient {
  try {
    const fields = new DerCursor(session).enter(DER_TAGS.sequence);
    let leafDer: Buffer | null = null;
    let wasGood = true;
    while (!fields.atEnd) {
      const field = fields.take();
      if (field.tag === contextConstructed(FIELD_PEER)) {
        leafDer = knownLeaf(new DerCursor(field.content).take(DER_TAGS.sequence).whole);
      }
      // Left out where it is X509_V_OK, which is 0.
      if (field.tag === contextConstructed(FIELD_VERIFY_RESULT)) {
        wasGood = readSmallInteger(new DerCursor(field.content).take(DER_TAGS.integer)) === 0;
      }
    }
    return { leafDer, wasGood };
  } finally {
    session.fill(0);
  }
}
