import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { grownBy } from '../testing/grown-by.ts';
import { letGoOnceClosed } from './let-go.ts';

const SOCKETS = 200;

test('what hangs on a socket that has closed can be taken by young collections', () => {
  const grown = grownBy(() => {
    const socket = new Duplex();
    letGoOnceClosed(socket);
    const held = new Array(4_000).fill(0);
    socket.on('end', () => held.pop());
    socket.emit('close');
  }, SOCKETS);
  // 35,000 with what hangs on it.
  expect(grown).toBeLessThan(15_000);
});

test('all who listen hear that a socket has closed, and what it has to tell after that ends nobody', () => {
  const socket = new Duplex();
  const heard: number[] = [];
  socket.on('close', () => heard.push(1));
  letGoOnceClosed(socket);
  socket.on('close', () => heard.push(2));
  socket.emit('close');
  expect(heard).toEqual([1, 2]);
  expect(() => socket.emit('error', new Error('late'))).not.toThrow();
});
