import { connect as dial, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** The host that is looked at, from outside. */
export interface ProbedEdge {
  /** As clients ask for it. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** A client certificate that the host admits, with its key; null: none was given. */
  readonly client: { readonly certPem: string; readonly keyPem: string } | null;
  /** Another host of the same edge that asks for no certificate; null: none was given. */
  readonly neighbour: string | null;
  /** Where plain HTTP is served; null: not looked at. */
  readonly http: { readonly address: string; readonly port: number } | null;
  readonly timeoutMs: number;
}

/** How a handshake is made. */
export interface Handshake {
  /** Null: a ClientHello without a name. */
  readonly serverName: string | null;
  readonly withClient: boolean;
  readonly tls?: ConnectionOptions;
  /** Bytes of handshake in each TLS record and TCP write of the ClientHello; absent: whole. */
  readonly fragmentBytes?: number;
}

/** Begins a handshake; the server's certificate is not looked at. */
export function openTls(
  { address, port, client }: ProbedEdge,
  { serverName, withClient, tls, fragmentBytes }: Handshake,
): TLSSocket {
  const raw = dial({ host: address, port });
  raw.on('error', () => {});
  const socket = connect({
    socket: fragmentBytes === undefined ? raw : fragmenting(raw, fragmentBytes),
    servername: serverName ?? '',
    rejectUnauthorized: false,
    ...(withClient && client !== null ? { cert: client.certPem, key: client.keyPem } : {}),
    ...tls,
  });
  socket.once('close', () => raw.destroy());
  return socket;
}

const RECORD_HEADER_BYTES = 5;

/** A way to the socket on which the first record goes out in many, each in a write of its own. */
function fragmenting(raw: Socket, fragmentBytes: number): Duplex {
  raw.setNoDelay(true);
  let first: Buffer | null = Buffer.alloc(0);
  const split = (record: Buffer): Buffer[] => {
    const parts: Buffer[] = [];
    for (let at = RECORD_HEADER_BYTES; at < record.length; at += fragmentBytes) {
      const body = record.subarray(at, at + fragmentBytes);
      const header = Buffer.from(record.subarray(0, RECORD_HEADER_BYTES));
      header.writeUInt16BE(body.length, 3);
      parts.push(Buffer.concat([header, body]));
    }
    return parts;
  };
  const duplex = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      if (first === null) {
        raw.write(chunk, () => done());
        return;
      }
      first = Buffer.concat([first, chunk]);
      const length = first.length < RECORD_HEADER_BYTES ? null : RECORD_HEADER_BYTES + first.readUInt16BE(3);
      if (length === null || first.length < length) return done();
      const parts = [...split(first.subarray(0, length)), first.subarray(length)];
      first = null;
      const next = () => {
        const part = parts.shift();
        if (part === undefined || raw.destroyed) return done();
        raw.write(part, () => setImmediate(next));
      };
      next();
    },
    final(done) {
      raw.end();
      done();
    },
    destroy(error, done) {
      raw.destroy();
      done(error);
    },
  });
  raw.on('data', (chunk: Buffer) => duplex.push(chunk));
  raw.on('end', () => duplex.push(null));
  raw.on('close', () => duplex.destroy());
  return duplex;
}
