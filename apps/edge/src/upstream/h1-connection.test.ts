import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Http1Connection } from './h1-connection.ts';
import { type Pieces, readPieces } from './read-pieces.ts';

/** Gives whether the socket is to read on. */
function read({ onread }: Pieces, text: string): boolean {
  const { buffer } = onread;
  if (!Buffer.isBuffer(buffer)) throw new Error('not one buffer');
  return onread.callback(buffer.write(text), buffer);
}

test.each(['before', 'after'])(
  'what a service says unasked, %s its connection is looked at, ends it',
  (when) => {
    const socket = new Socket();
    const pieces = readPieces();
    if (when === 'before') read(pieces, 'HTTP/1.1 200 OK\r\n');
    new Http1Connection(socket, pieces, () => undefined);
    if (when === 'after') read(pieces, 'HTTP/1.1 200 OK\r\n');
    expect(socket.destroyed).toBe(true);
  },
);

test('nothing is read behind a piece that asks for a pause, until somebody resumes', () => {
  const socket = new Socket();
  const pieces = readPieces();
  const connection = new Http1Connection(socket, pieces, () => undefined);
  let onPiece = (): void => {};
  connection.user = { onPiece: () => onPiece(), onBody() {}, onRoom() {}, onEnd() {}, onClose() {} };
  expect(read(pieces, 'one')).toBe(true);
  onPiece = () => connection.pause();
  expect(read(pieces, 'two')).toBe(false);
  onPiece = () => connection.resume();
  expect(read(pieces, 'three')).toBe(true);
  connection.pause();
  expect(socket.isPaused()).toBe(true);
  connection.resume();
  expect(socket.isPaused()).toBe(false);
  socket.destroy();
});
