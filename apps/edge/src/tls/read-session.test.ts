import { expect, test } from 'vitest';
import { readSession } from './read-session.ts';

// Sessions as OpenSSL makes them are read in every handshake of the self-test and of choose-lane.test.ts.
const field = (tag: number, ...content: number[]): number[] => [tag, content.length, ...content];
const LEAF = field(0x30, 0x02, 0x01, 0x07);
const session = (...fields: number[][]): Buffer => Buffer.from(field(0x30, ...fields.flat()));

test('a session tells the leaf, and what OpenSSL found wrong with it', () => {
  expect(readSession(session(field(0x04, 9, 9), field(0xa3, ...LEAF)))).toEqual({
    leafDer: Buffer.from(LEAF),
    wasGood: true,
  });
  expect(readSession(session(field(0xa3, ...LEAF), field(0xa5, 0x02, 0x01, 0x0a)))).toMatchObject({
    wasGood: false,
  });
  expect(readSession(session(field(0x04, 9, 9)))).toEqual({ leafDer: null, wasGood: true });
});

test('a session is wiped when it was read, and when it could not be', () => {
  for (const bytes of [
    session(field(0x04, 9, 9)),
    Buffer.from('no session'),
    session(field(0xa3, 0x30, 0x05)),
  ]) {
    const isRead = bytes[2] === 0x04;
    if (isRead) readSession(bytes);
    else expect(() => readSession(bytes)).toThrow();
    expect(bytes.equals(Buffer.alloc(bytes.length))).toBe(true);
  }
});

test('the leaf of a client is the same memory for all its sessions, and not theirs', () => {
  const [first, second] = [session(field(0xa3, ...LEAF)), session(field(0x04, 9), field(0xa3, ...LEAF))];
  const { leafDer } = readSession(first);
  expect(readSession(second).leafDer).toBe(leafDer);
  expect(leafDer?.buffer.byteLength).toBe(LEAF.length);
  const other = session(field(0xa3, ...field(0x30, 0x02, 0x01, 0x08)));
  expect(readSession(other).leafDer).toEqual(Buffer.from(field(0x30, 0x02, 0x01, 0x08)));
});
