import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { connect, type TLSSocket } from 'node:tls';
import type { Load } from '../forwarding/load.ts';

// A number of requests over connections that stay: kept-load-main.ts HOST PORT LOAD. It says `connected`; then each line of its
// input is a number of requests, and it says `done` when they are answered.

const [host = '', port = '', loadJson = ''] = process.argv.slice(2);
const { path, connections, uploadBytes = 0, client } = JSON.parse(loadJson) as Omit<Load, 'seconds'>;
const framing = uploadBytes > 0 ? `Content-Length: ${uploadBytes}\r\n` : '';
const request = Buffer.concat([
  Buffer.from(
    `${uploadBytes > 0 ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${framing}\r\n`,
  ),
  Buffer.alloc(uploadBytes, 'x'),
]);
/** Requests that are not yet sent, and those not yet answered. */
let unsent = 0;
let unanswered = 0;
let finish = () => {};

/** Asks again and again, one request at a time, as long as there are any. */
class KeptConnection {
  readonly #socket: TLSSocket;
  #head = '';
  /** Bytes of the body that are to come; null in the head. */
  #left: number | null = null;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => this.#read(piece));
  }

  ask(): void {
    if (unsent === 0) return;
    unsent -= 1;
    this.#socket.write(request);
  }

  #read(piece: Buffer): void {
    if (this.#left === null) {
      this.#head += piece.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) return;
      const status = this.#head.slice(9, 12);
      const length = /^content-length: (\d+)/im.exec(this.#head)?.[1];
      const body = this.#head.length - end - 4;
      if (status !== '200') throw new Error(`answered: ${this.#head}`);
      // An answer of unknown length is chunked, and so small that its end comes with its head or alone.
      if (length === undefined && !this.#head.endsWith('0\r\n\r\n')) return;
      this.#left = length === undefined ? 0 : Number(length) - body;
    } else {
      this.#left -= piece.length;
    }
    if (this.#left > 0) return;
    this.#left = null;
    this.#head = '';
    unanswered -= 1;
    if (unanswered === 0) finish();
    else this.ask();
  }
}

async function open(): Promise<KeptConnection> {
  const shown = client && { cert: readFileSync(client.cert), key: readFileSync(client.key) };
  const socket = connect({
    ...{ host: '127.0.0.1', port: Number(port), servername: host, rejectUnauthorized: false, ...shown },
    ...{ minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256', ALPNProtocols: ['http/1.1'] },
  });
  // The proxy must keep it: whatever ends it ends this program, which its starter sees.
  socket.once('close', () => process.exit(1));
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  return new KeptConnection(socket);
}

async function ask(requests: number, connectionsThatAsk: readonly KeptConnection[]): Promise<void> {
  unsent = unanswered = requests;
  const { promise, resolve } = Promise.withResolvers<void>();
  finish = resolve;
  for (const connection of connectionsThatAsk) connection.ask();
  await promise;
}

const kept: KeptConnection[] = [];
for (let index = 0; index < connections; index += 1) {
  const connection = await open();
  kept.push(connection);
  // No proxy waits long for the first request of a connection.
  await ask(1, [connection]);
}
console.log('connected');
for await (const line of createInterface({ input: process.stdin })) {
  await ask(Number(line), kept);
  console.log('done');
}
process.exit(0);
