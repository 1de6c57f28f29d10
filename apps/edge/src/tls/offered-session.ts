import {
  createDecipheriv,
  createHmac,
  createSecretKey,
  type Decipheriv,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { Lru } from '../lru.ts';
import { readSession, type SessionClient } from './read-session.ts';
import type { SessionLane } from './session-keys.ts';

const NAME_BYTES = 16;
/** Of AES, and so of an IV. */
const BLOCK_BYTES = 16;
const MAC_BYTES = 32;
const MAC_KEY = [16, 32] as const;
const CIPHER_KEY = [32, 48] as const;

/** What opens the tickets of a lane; made anew for each it would cost more than all the rest of the work. */
interface Opener {
  readonly mac: KeyObject;
  readonly decipher: Decipheriv;
}

const OPENERS = new WeakMap<SessionLane, Opener>();

/** Tickets that were opened last are not opened again: OpenSSL gives no new one with a resumed session, so that clients come with the same for hours. */
const OPENED_MAX = 500;
/** Bytes of one that is kept: twice what common certificates make of it. */
const OPENED_BYTES_MAX = 4_096;
/** By all bytes of the ticket, which begin with the name of its lane. */
const opened = new Lru<SessionClient>(OPENED_MAX);

/** Whether a ticket says it is of this lane. */
export function isTicketOf(lane: SessionLane, ticket: Buffer): boolean {
  return ticket.length >= NAME_BYTES && lane.ticketName.compare(ticket, 0, NAME_BYTES) === 0;
}

/**
 * Reads a ticket of ours before OpenSSL does: name, IV, AES-128-CBC of the session, HMAC-SHA-256 of all before (RFC 5077 section 4,
 * with the keys as Node lays them out). Null for what is not one; a Node that seals tickets otherwise resumes nothing here.
 */
export function openTicket(lane: SessionLane, ticket: Buffer): SessionClient | null {
  if (ticket.length > OPENED_BYTES_MAX) return unseal(lane, ticket);
  const text = ticket.toString('latin1');
  const known = opened.get(text);
  if (known !== undefined) return known;
  const session = unseal(lane, ticket);
  if (session !== null) opened.set(text, session);
  return session;
}

function unseal(lane: SessionLane, ticket: Buffer): SessionClient | null {
  const sealedBytes = ticket.length - NAME_BYTES - BLOCK_BYTES - MAC_BYTES;
  if (sealedBytes <= 0 || sealedBytes % BLOCK_BYTES !== 0) return null;
  const { mac, decipher } = openerOf(lane);
  const expected = createHmac('sha256', mac).update(ticket.subarray(0, -MAC_BYTES)).digest();
  if (!timingSafeEqual(expected, ticket.subarray(-MAC_BYTES))) return null;
  // In CBC the ciphertext before a block is all that opens it beside the key: behind the ticket before, the IV is one more block, of nothing.
  const clear = decipher.update(ticket.subarray(NAME_BYTES, -MAC_BYTES));
  try {
    // Behind the session comes padding, which is not read.
    return readSession(clear.subarray(BLOCK_BYTES));
  } catch {
    return null;
  }
}

function openerOf(lane: SessionLane): Opener {
  const known = OPENERS.get(lane);
  if (known !== undefined) return known;
  const key = lane.ticketKeys.subarray(...CIPHER_KEY);
  const made = {
    mac: createSecretKey(lane.ticketKeys.subarray(...MAC_KEY)),
    decipher: createDecipheriv('aes-128-cbc', key, Buffer.alloc(BLOCK_BYTES)).setAutoPadding(false),
  };
  OPENERS.set(lane, made);
  return made;
}
