import { randomBytes } from 'node:crypto';
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
