import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { chooseLane } from './choose-lane.ts';
import { openTicket } from './offered-session.ts';
import type { SessionLane } from './session-keys.ts';

const lane = (): SessionLane => {
  const ticketKeys = randomBytes(48);
  return { ticketName: ticketKeys.subarray(0, 16), ticketKeys, expiresAt: Number.POSITIVE_INFINITY };
};
const [a, b, old] = [lane(), lane(), lane()];
const lanes = [a, b, old];
/** What carries the name of a lane and is none of its tickets. */
const forged = ({ ticketName }: SessionLane) => Buffer.concat([ticketName, randomBytes(200)]);

test('without a ticket, or with one of nobody, the newest key is used; without keys none', () => {
  expect(chooseLane(lanes, [], () => true)).toBe(a);
  expect(chooseLane(lanes, [randomBytes(200), Buffer.alloc(0), randomBytes(16)], () => true)).toBe(a);
  expect(chooseLane([], [forged(a)], () => true)).toBeNull();
});

test('a ticket that must not resume leads to a key that did not seal it; where none is left, to none', () => {
  expect(chooseLane(lanes, [forged(a)], () => true)).toBe(b);
  expect(chooseLane(lanes, [forged(b)], () => true)).toBe(a);
  expect(chooseLane(lanes, [forged(old)], () => true)).toBe(a);
  expect(chooseLane(lanes, [forged(a), forged(b)], () => true)).toBeNull();
});

test('forged tickets are not opened, however short or odd', () => {
  for (let length = 0; length < 140; length += 1) {
    const ticket = Buffer.concat([a.ticketName, randomBytes(length)]);
    expect(openTicket(a, ticket)).toBeNull();
  }
});

/** A ticket as Node and OpenSSL make it, of a session that holds the leaf; `more` bytes are no whole block. */
function seal({ ticketName, ticketKeys }: SessionLane, leaf: Buffer, more = 0): Buffer {
  const element = (tag: number, content: Buffer) =>
    Buffer.concat([Buffer.from([tag, content.length]), content]);
  const session = element(0x30, element(0xa3, element(0x30, leaf)));
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', ticketKeys.subarray(32, 48), iv);
  const sealed = Buffer.concat([ticketName, iv, cipher.update(session), cipher.final(), randomBytes(more)]);
  const mac = createHmac('sha256', ticketKeys.subarray(16, 32)).update(sealed).digest();
  return Buffer.concat([sealed, mac]);
}

test('each ticket of a lane opens to its own session, whatever was offered before it', () => {
  for (let round = 0; round < 40; round += 1) {
    const leaf = randomBytes(1 + round * 3);
    const opened = openTicket(a, seal(a, leaf));
    expect(opened?.leafDer?.subarray(2)).toEqual(leaf);
    // Sealed by another lane, changed, and of no whole number of blocks.
    expect(openTicket(a, seal({ ...b, ticketName: a.ticketName }, leaf))).toBeNull();
    const changed = seal(a, leaf);
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(openTicket(a, changed)).toBeNull();
    expect(openTicket(a, seal(a, leaf, 1 + (round % 15)))).toBeNull();
  }
});

test('a ticket that was opened is known by all its bytes, and one that would take much memory is not kept', () => {
  const ticket = seal(a, randomBytes(100));
  const known = openTicket(a, ticket);
  expect(known).not.toBeNull();
  expect(openTicket(a, Buffer.from(ticket))).toBe(known);
  for (let index = 16; index < ticket.length; index += 1) {
    const changed = Buffer.from(ticket);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(openTicket(a, changed)).toBeNull();
  }
  const long = seal(a, randomBytes(100), 4_096);
  expect(openTicket(a, long)).toEqual(openTicket(a, long));
  expect(openTicket(a, long)).not.toBe(openTicket(a, long));
});
