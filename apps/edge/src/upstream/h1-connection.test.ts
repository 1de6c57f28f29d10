import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Http1Connection } from './h1-connection.ts';
import { type Pieces, readPieces } from './read-pieces.ts';

function read({ onread }: Pieces, text: string): void {
  const { buffer } = onread;
  if (!Buffer.isBuffer(buffer)) throw new Error('not one buffer');
  onread.callback(buffer.write(text), buffer);
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
