import { createDecipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { readSession, type SessionClient } from './read-session.ts';
import type { SessionLane } from './session-keys.ts';

const NAME_BYTES = 16;
const IV_BYTES = 16;
const MAC_BYTES = 32;
const MAC_KEY = [16, 32] as const;
const CIPHER_KEY = [32, 48] as const;

/** The keys of lanes that were offered a ticket. As bytes they would be made anew at each one, for more than all the rest of the work. */
const KEYS = new WeakMap<SessionLane, { readonly mac: KeyObject; readonly cipher: KeyObject }>();

/** Whether a ticket says it is of this lane. */
export function isTicketOf(lane: SessionLane, ticket: Buffer): boolean {
  return ticket.subarray(0, NAME_BYTES).equals(lane.ticketName);
}

/**
 * Reads a ticket of ours before OpenSSL does: name, IV, AES-128-CBC of the session, HMAC-SHA-256 of all before (RFC 5077 section 4,
 * with the keys as Node lays them out). Null for what is not one; a Node that seals tickets otherwise resumes nothing here.
 */
export function openTicket(lane: SessionLane, ticket: Buffer): SessionClient | null {
  if (ticket.length <= NAME_BYTES + IV_BYTES + MAC_BYTES) return null;
  const { mac, cipher } = keysOf(lane);
  const sealed = ticket.subarray(0, -MAC_BYTES);
  const expected = createHmac('sha256', mac).update(sealed).digest();
  if (!timingSafeEqual(expected, ticket.subarray(-MAC_BYTES))) return null;
  const iv = ticket.subarray(NAME_BYTES, NAME_BYTES + IV_BYTES);
  try {
    const decipher = createDecipheriv('aes-128-cbc', cipher, iv);
    const start = decipher.update(sealed.subarray(NAME_BYTES + IV_BYTES));
    const session = Buffer.concat([start, decipher.final()]);
    start.fill(0);
    return readSession(session);
  } catch {
    return null;
  }
}

function keysOf(lane: SessionLane): { readonly mac: KeyObject; readonly cipher: KeyObject } {
  const known = KEYS.get(lane);
  if (known !== undefined) return known;
  const made = {
    mac: createSecretKey(lane.ticketKeys.subarray(...MAC_KEY)),
    cipher: createSecretKey(lane.ticketKeys.subarray(...CIPHER_KEY)),
  };
  KEYS.set(lane, made);
  return made;
}
