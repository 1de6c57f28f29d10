import { expect, test } from 'vitest';
import { HeldContent } from './held-content.ts';

function take(held: HeldContent): Buffer[] {
  const chunks: Buffer[] = [];
  for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) chunks.push(chunk);
  return chunks;
}

test('small chunks are held in few pieces, which keep nothing of what they came with', () => {
  const held = new HeldContent();
  const sent: Buffer[] = [];
  const add = (bytes: number, at: number): void => {
    const piece = Buffer.alloc(100, at % 251);
    sent.push(piece);
    held.push(piece.subarray(0, bytes));
  };
  for (let at = 0; at < 20_000; at += 1) add(1, at);
  const chunks = take(held);
  expect(chunks.length).toBeLessThan(5);
  expect(Buffer.concat(chunks).equals(Buffer.concat(sent.map((piece) => piece.subarray(0, 1))))).toBe(true);
  const kept = new Set(chunks.map(({ buffer }) => buffer));
  expect(sent.filter(({ buffer }) => kept.has(buffer)).length).toBe(1);
});

test('chunks of any size come out in order and whole, also when they are taken in between', () => {
  const held = new HeldContent();
  const told: Buffer[] = [];
  const sent: Buffer[] = [];
  let seed = 7;
  const takeSome = (): Buffer => held.take(Math.ceil((held.first?.length ?? 0) / 3)) ?? Buffer.alloc(0);
  for (let step = 0; step < 3_000; step += 1) {
    seed = (seed * 48_271) % 2_147_483_647;
    const chunk = Buffer.alloc([1, 9, 700, 2_047, 2_048, 9_000][seed % 6] ?? 1, step % 251);
    sent.push(chunk);
    held.push(chunk);
    for (let taken = (seed >> 8) % 4; taken > 1; taken -= 1)
      told.push(taken === 2 ? takeSome() : (held.shift() ?? Buffer.alloc(0)));
  }
  expect(held.bytes).toBe(sent.reduce((sum, { length }) => sum + length, 0) - Buffer.concat(told).length);
  told.push(...take(held));
  expect(Buffer.concat(told).equals(Buffer.concat(sent))).toBe(true);
  expect([held.bytes, held.isEmpty]).toEqual([0, true]);
});

test('what comes behind a chunk that was taken in part is written over none of it', () => {
  const held = new HeldContent();
  for (const text of ['a', 'bcdef']) held.push(Buffer.from(text));
  expect([held.shift()?.toString(), held.take(2)?.toString()]).toEqual(['a', 'bc']);
  held.push(Buffer.from('XY'));
  expect(take(held).join('')).toBe('defXY');
});
