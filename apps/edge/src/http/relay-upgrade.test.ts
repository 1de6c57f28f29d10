import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { UpgradeRelays } from './relay-upgrade.ts';

test('a slow reader gets the last messages after the other side has gone', async () => {
  const taken: string[] = [];
  let take: (() => void) | undefined;
  const slow = new Duplex({
    read: () => undefined,
    write(chunk, _encoding, callback) {
      taken.push(String(chunk));
      take = callback;
    },
  });
  const upstream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, callback) => callback() });
  const client = { socket: slow, takeHeld: () => Buffer.alloc(0), accept: () => undefined };
  const relayed = new UpgradeRelays().relay(client, { socket: upstream, head: Buffer.from('first ') });
  upstream.push('second ');
  await turn();
  upstream.push('last');
  upstream.push(null);
  upstream.end();
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect([upstream.destroyed, slow.destroyed]).toEqual([true, false]);
  while (take !== undefined) {
    const done = take;
    take = undefined;
    done();
    await turn();
  }
  expect(taken.join('')).toBe('first second last');
  slow.push(null);
  await relayed;
  expect(slow.destroyed).toBe(true);
});
