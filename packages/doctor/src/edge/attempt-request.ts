import { connect as dial, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Http2Reading, readHttp2 } from './http2-frames.ts';
import { type Handshake, openTls, type ProbedEdge } from './open-tls.ts';

/** What came of one request. */
export type Answer =
  | { readonly outcome: 'answered'; readonly status: number; readonly text: string }
  /** No HTTP answer: an alert, an end, or silence. */
  | { readonly outcome: 'refused'; readonly detail: string; readonly isSilent?: true };

interface Request extends Handshake {
  readonly authority: string;
  /** Further header lines. */
  readonly fields?: readonly string[];
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
export function attemptRequest(edge: ProbedEdge, request: Request): Promise<Answer> {
  const tls = { ALPNProtocols: ['http/1.1'], ...request.tls };
  const socket = openTls(edge, { ...request, tls });
  const ask = () => void socket.write(requestText(request.authority, request.fields));
  return readAnswer(socket, edge.timeoutMs, ask, readText);
}

/**
 * Makes a TLS handshake and sends `bytes`, which begin an HTTP/2 connection with one request. Where no answer comes and nothing ends the
 * connection the silence is the answer. Never rejects.
 */
export function attemptHttp2(
  edge: ProbedEdge,
  handshake: Handshake,
  bytes: Buffer,
  timeoutMs = edge.timeoutMs,
): Promise<Answer> {
  const socket = openTls(edge, { ...handshake, tls: { ALPNProtocols: ['h2'], ...handshake.tls } });
  const ask = () => {
    // A server that has not agreed to it reads HTTP/1.1, and must not be sent anything else.
    if (socket.alpnProtocol === 'h2') socket.write(bytes);
    else socket.destroy(new Error('HTTP/2 is not spoken'));
  };
  return readAnswer(socket, timeoutMs, ask, readHttp2);
}

/** Asks over plain HTTP. Never rejects. */
export function attemptPlain(
  at: { readonly address: string; readonly port: number },
  authority: string,
  timeoutMs: number,
): Promise<Answer> {
  const socket = dial({ host: at.address, port: at.port });
  return readAnswer(socket, timeoutMs, () => void socket.write(requestText(authority)), readText);
}

/** The bytes of a request for `/`, after which the connection ends. */
export function requestText(authority: string, fields: readonly string[] = []): string {
  const lines = ['GET / HTTP/1.1', `Host: ${authority}`, 'Connection: close', 'User-Agent: postern-doctor'];
  return `${[...lines, ...fields].join('\r\n')}\r\n\r\n`;
}

/** What a text that begins as an HTTP answer says; null where it does not. */
function statusOf(text: string): number | null {
  const match = /^HTTP\/1\.[01] (\d{3})/m.exec(text);
  return match === null ? null : Number(match[1]);
}

/** Reads an answer of HTTP/1.1, which ends with its connection. */
export function readText(bytes: Buffer): Http2Reading {
  const text = bytes.toString('latin1');
  return { status: statusOf(text), text, failure: null, ended: false };
}

/** What came of an exchange whose bytes are all there; `otherwise` is why there is no answer where they do not say it. */
export function answerOf({ status, text, failure }: Http2Reading, otherwise: string): Answer {
  return status === null || failure !== null
    ? { outcome: 'refused', detail: failure ?? otherwise }
    : { outcome: 'answered', status, text };
}

function readAnswer(
  socket: Socket | TLSSocket,
  timeoutMs: number,
  onOpen: () => void,
  read: (bytes: Buffer) => Http2Reading,
): Promise<Answer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const finish = (otherwise: string, silence: { isSilent?: true } = {}) => {
      clearTimeout(timer);
      const answer = answerOf(read(bytes), otherwise);
      resolve(answer.outcome === 'refused' ? { ...answer, ...silence } : answer);
      // Last: it may say `close` at once.
      socket.destroy();
    };
    const timer = setTimeout(() => finish(`silence for ${timeoutMs} ms`, { isSilent: true }), timeoutMs);
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', onOpen);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length > ANSWER_BYTES_MAX || read(bytes).ended) finish(ENDED);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.once('close', () => finish(ENDED));
  });
}

const ENDED = 'the connection was ended';
