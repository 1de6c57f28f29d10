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

/** What came of one request. */
export type Answer =
  | { readonly outcome: 'answered'; readonly status: number; readonly text: string }
  /** No HTTP answer: an alert, an end, or silence. */
  | { readonly outcome: 'refused'; readonly detail: string };

interface Request {
  /** Null: a ClientHello without a name. */
  readonly serverName: string | null;
  readonly authority: string;
  readonly withClient: boolean;
  readonly tls?: ConnectionOptions;
  /** Further header lines. */
  readonly fields?: readonly string[];
  /** Bytes of handshake in each TLS record and TCP write of the ClientHello; absent: whole. */
  readonly fragmentBytes?: number;
}

/** Bytes of an answer that are looked at; the rest says nothing more. */
const ANSWER_BYTES_MAX = 65_536;

/** Statuses that say no to this client; every other one means that the request came through. */
const REFUSING = new Set([400, 403, 421, 495, 496]);

/** Whether a request came through to what is behind the edge. */
export function cameThrough(answer: Answer): boolean {
  return answer.outcome === 'answered' && !REFUSING.has(answer.status);
}

/** What came of a request, in words. */
export function describeAnswer(answer: Answer): string {
  return answer.outcome === 'answered' ? `answered ${answer.status}` : answer.detail;
}

/** Makes a TLS handshake and asks for a page over HTTP/1.1. Never rejects. */
export async function attemptRequest(edge: ProbedEdge, request: Request): Promise<Answer> {
  const { client, address, port } = edge;
  const raw = dial({ host: address, port });
  raw.on('error', () => {});
  const socket = connect({
    ...(request.fragmentBytes === undefined
      ? { socket: raw }
      : { socket: fragmenting(raw, request.fragmentBytes) }),
    servername: request.serverName ?? '',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...(request.withClient && client !== null ? { cert: client.certPem, key: client.keyPem } : {}),
    ...request.tls,
  });
  const answer = await readAnswer(socket, edge.timeoutMs, () => {
    socket.write(requestText(request.authority, request.fields));
  });
  raw.destroy();
  return answer;
}

/** Asks over plain HTTP. Never rejects. */
export function attemptPlain(
  at: { readonly address: string; readonly port: number },
  authority: string,
  timeoutMs: number,
): Promise<Answer> {
  const socket = dial({ host: at.address, port: at.port });
  return readAnswer(socket, timeoutMs, () => socket.write(requestText(authority)));
}

/** The bytes of a request for `/`, after which the connection ends. */
export function requestText(authority: string, fields: readonly string[] = []): string {
  const lines = ['GET / HTTP/1.1', `Host: ${authority}`, 'Connection: close', 'User-Agent: postern-doctor'];
  return `${[...lines, ...fields].join('\r\n')}\r\n\r\n`;
}

/** What a text that begins as an HTTP answer says; null where it does not. */
export function statusOf(text: string): number | null {
  const match = /^HTTP\/1\.[01] (\d{3})/m.exec(text);
  return match === null ? null : Number(match[1]);
}

function readAnswer(socket: Socket | TLSSocket, timeoutMs: number, onOpen: () => void): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    let failure = 'the connection was ended';
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      const status = statusOf(text);
      resolve(
        status === null ? { outcome: 'refused', detail: failure } : { outcome: 'answered', status, text },
      );
    };
    const timer = setTimeout(() => {
      failure = `silence for ${timeoutMs} ms`;
      finish();
    }, timeoutMs);
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', onOpen);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > ANSWER_BYTES_MAX) finish();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message;
      finish();
    });
    socket.once('close', finish);
  });
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
