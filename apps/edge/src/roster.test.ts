import { expect, test } from 'vitest';
import { type Member, Roster } from './roster.ts';

const members = (count: number): (Member & { readonly name: number })[] =>
  Array.from({ length: count }, (_, name) => ({ name, place: -1 }));

test('who leaves is gone, and every other one is still there, whatever place it had', () => {
  const roster = new Roster();
  const all = members(5);
  for (const member of all) roster.add(member);
  for (const [index, member] of all.entries()) {
    roster.delete(member);
    roster.delete(member);
    expect(new Set(roster)).toEqual(new Set(all.slice(index + 1)));
    expect(roster.size).toBe(4 - index);
  }
});

test('a member is in it once, and may come back', () => {
  const roster = new Roster();
  const [member] = members(1);
  if (member === undefined) throw new Error('no member');
  roster.add(member);
  roster.add(member);
  expect([...roster]).toEqual([member]);
  roster.delete(member);
  roster.add(member);
  expect([...roster]).toEqual([member]);
});

test('each that stays is given though others leave meanwhile', () => {
  for (let leaver = 0; leaver < 6; leaver += 1) {
    const roster = new Roster<ReturnType<typeof members>[number]>();
    const all = members(6);
    for (const member of all) roster.add(member);
    const given = new Set<number>();
    for (const { name } of roster) {
      given.add(name);
      // Before and behind the one that was given.
      for (const other of [all[leaver], all[5 - leaver]]) if (other !== undefined) roster.delete(other);
    }
    for (const { name, place } of all) if (place >= 0) expect(given).toContain(name);
  }
});
