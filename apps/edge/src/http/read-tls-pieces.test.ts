import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { grownBy } from '../testing/grown-by.ts';
import { readTlsPieces } from './read-tls-pieces.ts';

const idle = { read: () => null, isPaused: () => true };

function holding(held: number[]): () => void {
  return () => held.pop();
}

test('a socket that is kept keeps nothing of a listener that has stopped', () => {
  const sockets: unknown[] = [];
  const grown = grownBy(() => {
    const socket = { _handle: { useUserBuffer() {} }, ...idle };
    sockets.push(socket);
    readTlsPieces(socket as unknown as TLSSocket, holding(new Array(4_000).fill(0)))?.stop();
  }, 200);
  // 33,000 with what the listener holds.
  expect(grown).toBeLessThan(10_000);
});
