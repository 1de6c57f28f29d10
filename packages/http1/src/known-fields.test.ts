import { expect, test } from 'vitest';
import { fieldIdOf, findFieldId, KNOWN_NAMES } from './known-fields.ts';

const find = (name: string): string =>
  KNOWN_NAMES[findFieldId(Buffer.from(name, 'latin1'), 0, name.length)] ?? '?';

test('every known name is found in every case, and has a number that one byte holds', () => {
  expect(KNOWN_NAMES.length).toBeLessThanOrEqual(256);
  for (const [id, name] of KNOWN_NAMES.entries()) {
    if (id === 0) continue;
    expect([find(name), find(name.toUpperCase())]).toEqual([name, name]);
    expect(fieldIdOf(name)).toBe(id);
  }
});

test('a name that differs in one byte is another one', () => {
  const known = new Set(KNOWN_NAMES);
  const mistaken: string[] = [];
  for (const name of KNOWN_NAMES.slice(1)) {
    for (let at = 0; at < name.length; at += 1) {
      for (const other of "!#$%&'*+-.^_`|~09azAZ") {
        const changed = name.slice(0, at) + other + name.slice(at + 1);
        if (!known.has(changed.toLowerCase()) && find(changed) !== '') mistaken.push(changed);
      }
    }
  }
  expect(mistaken).toEqual([]);
});
