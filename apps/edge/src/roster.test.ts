import { expect, test } from 'vitest';
import { type Member, Roster } from './roster.ts';

type Named = Member & { readonly name: number };

const members = (count: number): Named[] => Array.from({ length: count }, (_, name) => ({ name, place: -1 }));

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

const walks = {
  forEach: (roster: Roster<Named>, look: (member: Named) => void) => roster.forEach(look),
  iterator: (roster: Roster<Named>, look: (member: Named) => void) => {
    for (const member of roster) look(member);
  },
};

test.each(Object.entries(walks))('each that stays is given though others leave meanwhile: %s', (_, walk) => {
  for (let leaver = 0; leaver < 6; leaver += 1) {
    const roster = new Roster<Named>();
    const all = members(6);
    for (const member of all) roster.add(member);
    const given = new Set<number>();
    walk(roster, ({ name }) => {
      given.add(name);
      // Before and behind the one that was given.
      for (const other of [all[leaver], all[5 - leaver]]) if (other !== undefined) roster.delete(other);
    });
    for (const { name, place } of all) if (place >= 0) expect(given).toContain(name);
  }
});
