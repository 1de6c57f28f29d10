import { expect, test } from 'vitest';
import { HandshakeTurns } from './handshake-turns.ts';

test('a storm of one address delays the handshake of another by one of its own, and open connections by one turn', async () => {
  const turns = new HandshakeTurns(2);
  const begun: string[] = [];
  const come = (address: string) => {
    const turn = turns.take(address);
    if (turn === undefined) begun.push(address);
    else void turn.then(() => begun.push(address));
  };
  for (let nth = 0; nth < 100; nth += 1) come('192.0.2.1');
  come('198.51.100.1');
  come('2001:db8::1');
  come('2001:db8::2');
  expect(begun).toEqual(['192.0.2.1', '192.0.2.1']);
  const soFar = async () => {
    await new Promise(setImmediate);
    return begun.splice(0);
  };
  expect((await soFar()).slice(2)).toEqual(['192.0.2.1', '198.51.100.1']);
  // A subscriber of IPv6 counts once, however many addresses it has.
  expect(await soFar()).toEqual(['2001:db8::1', '192.0.2.1']);
  expect(await soFar()).toEqual(['2001:db8::2', '192.0.2.1']);
  for (let turn = 0; turn < 60; turn += 1) await soFar();
  // Nobody is left, and who comes alone does not wait.
  come('192.0.2.1');
  expect(begun).toEqual(['192.0.2.1']);
});

test('everybody who waits is begun in the end, in the order of their coming', async () => {
  const turns = new HandshakeTurns(3);
  const begun: number[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, nth) => {
      await turns.take('192.0.2.1');
      begun.push(nth);
    }),
  );
  expect(begun).toEqual(Array.from({ length: 50 }, (_, nth) => nth));
});
