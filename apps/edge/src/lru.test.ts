import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lru } from './lru.ts';
import { grownBy } from './testing/grown-by.ts';

const MAX = 3;
const step = fc.record({
  does: fc.constantFrom('get', 'set', 'delete', 'clear'),
  key: fc.constantFrom(...'abcde'),
});

test('it keeps what was used last, whatever is asked, put and taken', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const gone: string[] = [];
      const lru = new Lru<number>(MAX, (key, value) => gone.push(`${key}${value}`));
      // The model: oldest first, each use moves to the end.
      let model: [string, number][] = [];
      const modelGone: string[] = [];
      for (const [number, { does, key }] of steps.entries()) {
        const known = model.find(([name]) => name === key);
        const others = model.filter((entry) => entry !== known);
        if (does === 'get') {
          expect(lru.get(key)).toBe(known?.[1]);
          if (known !== undefined) model = [...others, known];
        } else if (does === 'set') {
          lru.set(key, number);
          model = [...others, [key, number]];
          if (model.length > MAX)
            modelGone.push(...model.splice(0, 1).map(([name, value]) => `${name}${value}`));
        } else if (does === 'delete') {
          lru.delete(key);
          model = others;
        } else {
          lru.clear();
          modelGone.push(...model.map(([name, value]) => `${name}${value}`));
          model = [];
        }
        expect([...lru.entries()].sort()).toEqual([...model].sort());
      }
      expect(gone.sort()).toEqual(modelGone.sort());
    }),
  );
});

test('entries may be deleted while they are gone through', () => {
  const lru = new Lru<number>(MAX);
  for (const [number, key] of [...'abc'].entries()) lru.set(key, number);
  const met: string[] = [];
  for (const [key] of lru.entries()) {
    met.push(key);
    lru.delete(key);
  }
  expect(met).toEqual(['a', 'b', 'c']);
  expect([...lru.entries()]).toEqual([]);
});

test('uses leave nothing behind that young collections cannot take', () => {
  const lru = new Lru<number>(MAX);
  for (const [number, key] of [...'abc'].entries()) lru.set(key, number);
  expect(grownBy((number) => lru.get('abc'.charAt(number % MAX)))).toBeLessThan(1);
});
