import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { contextConstructed, DER_TAGS, DerCursor, readSmallInteger } from '@postern/pki';
import type { SessionLane } from './session-keys.ts';

/** What a session that a client offers holds of its first handshake. */
export interface OfferedSession {
  /** The client certificate of that handshake; null where none was sent. */
  readonly leafDer: Buffer | null;
  /** OpenSSL found nothing wrong with it then. */
  readonly wasGood: boolean;
}

const NAME_BYTES = 16;
const IV_BYTES = 16;
const MAC_BYTES = 32;
const MAC_KEY = [16, 32] as const;
const CIPHER_KEY = [32, 48] as const;
/** Numbers of the fields in OpenSSL's form of a session (ssl/ssl_asn1.c). */
const FIELD_PEER = 3;
const FIELD_VERIFY_RESULT = 5;

/** Whether a ticket says it is of this lane. */
export function isTicketOf(lane: SessionLane, ticket: Buffer): boolean {
  return ticket.subarray(0, NAME_BYTES).equals(lane.ticketName);
}

/**
 * Reads a ticket of ours before OpenSSL does: name, IV, AES-128-CBC of the session, HMAC-SHA-256 of all before (RFC 5077 section 4,
 * with the keys as Node lays them out). Null for what is not one; a Node that seals tickets otherwise resumes nothing here.
 */
export function openTicket({ ticketKeys }: SessionLane, ticket: Buffer): OfferedSession | null {
  if (ticket.length <= NAME_BYTES + IV_BYTES + MAC_BYTES) return null;
  const sealed = ticket.subarray(0, -MAC_BYTES);
  const mac = createHmac('sha256', ticketKeys.subarray(...MAC_KEY))
    .update(sealed)
    .digest();
  if (!timingSafeEqual(mac, ticket.subarray(-MAC_BYTES))) return null;
  const iv = ticket.subarray(NAME_BYTES, NAME_BYTES + IV_BYTES);
  let session: Buffer | undefined;
  try {
    const decipher = createDecipheriv('aes-128-cbc', ticketKeys.subarray(...CIPHER_KEY), iv);
    session = Buffer.concat([decipher.update(sealed.subarray(NAME_BYTES + IV_BYTES)), decipher.final()]);
    return readSession(session);
  } catch {
    return null;
  } finally {
    // It holds the session's secret.
    session?.fill(0);
  }
}

function readSession(session: Buffer): OfferedSession {
  const fields = new DerCursor(session).enter(DER_TAGS.sequence);
  let leafDer: Buffer | null = null;
  let wasGood = true;
  while (!fields.atEnd) {
    const field = fields.take();
    const inner = new DerCursor(field.content);
    if (field.tag === contextConstructed(FIELD_PEER))
      leafDer = Buffer.from(inner.take(DER_TAGS.sequence).whole);
    // Left out where it is X509_V_OK, which is 0.
    if (field.tag === contextConstructed(FIELD_VERIFY_RESULT)) {
      wasGood = readSmallInteger(inner.take(DER_TAGS.integer)) === 0;
    }
  }
  return { leafDer, wasGood };
}
