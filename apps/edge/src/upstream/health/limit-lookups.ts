import type { LookupFunction } from 'node:net';
import type { AddressGuard } from '../address-guard.ts';

/** Lookups of checks at once: half of the four threads that Node resolves names with, so that requests never wait for checks. */
const AT_ONCE_MAX = 2;

type Callback = Parameters<LookupFunction>[2];

/** The same guard, whose lookups run a few at a time, those for one name and port together; the others wait. */
export function limitLookups(guard: AddressGuard): AddressGuard {
  const waiting = new Map<string, Callback[]>();
  const queue: (() => void)[] = [];
  let running = 0;
  const next = (): void => {
    if (running >= AT_ONCE_MAX) return;
    const start = queue.shift();
    if (start === undefined) return;
    running += 1;
    start();
  };
  return {
    refusalOf: (address, port) => guard.refusalOf(address, port),
    refusalSince: (address, port) => guard.refusalSince(address, port),
    lookupFor: (port) => (hostname, options, callback) => {
      const key = JSON.stringify([hostname, port, options]);
      const others = waiting.get(key);
      if (others !== undefined) {
        others.push(callback);
        return;
      }
      const callbacks = [callback];
      waiting.set(key, callbacks);
      queue.push(() => {
        guard.lookupFor(port)(hostname, options, (...found) => {
          running -= 1;
          waiting.delete(key);
          for (const one of callbacks) one(...found);
          next();
        });
      });
      next();
    },
  };
}
