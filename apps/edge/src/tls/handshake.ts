import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type Evaluation, type PresentedClient, refusalOfOpenSslCode } from '@postern/admission';
import type { RefusalReason } from '@postern/contracts';
import { readSubjectNames, type SubjectNames } from '@postern/pki/plain';
import type { Lingerer } from '../accept/linger.ts';
import type { ClientIdentity } from '../connection.ts';
import { ignoreError, letGoOnceClosed } from '../connections/let-go.ts';
import { Deadline } from '../deadlines.ts';
import { certificatesSent, fingerprintOf, identityOf, leafShown } from './client-identity.ts';
import type { IntermediatesOfPolicy } from './known-intermediates.ts';
import { readVerifyResult } from './verify-result.ts';

/** What came of a handshake. A socket that was not admitted is already on its way out; `failed` needs no more either. */
export type HandshakeOutcome =
  | {
      readonly outcome: 'done';
      readonly socket: TLSSocket;
      readonly client: ClientIdentity | null;
      /** What it was judged by; null where nobody is asked. */
      readonly evaluation: Evaluation | null;
      readonly alpn: string | false;
    }
  /** The handshake came to its end, but the client is not one the host trusts. The caller lets the socket linger. */
  | {
      readonly outcome: 'refused';
      readonly socket: TLSSocket;
      readonly alpn: string | false;
      readonly reason: RefusalReason;
      readonly detail: string;
      readonly fingerprint: string | null;
      /** What it was judged by; no certificate where none was sent. */
      readonly presented: PresentedClient;
      /** Names of the leaf as they stand in it, for the log; null when they cannot be read. */
      readonly subject: SubjectNames | null;
    }
  /** No handshake: a client without its certificate (its alert is out), no common version, garbage, or too slow. */
  | { readonly outcome: 'failed'; readonly code: string; readonly reason: RefusalReason | null };

interface HandshakeOptions {
  readonly secureContext: SecureContext;
  /** What the host says of a client; null on hosts that ask for no certificate. */
  readonly evaluate: ((client: PresentedClient) => Evaluation) | null;
  /** True: a client without a certificate, too, comes to the end of the handshake, to be told there that it is refused. */
  readonly tellsUntrusted?: boolean;
  /** What is known to stand above leaves: of a connection only the leaf is read where that does. */
  readonly intermediates: IntermediatesOfPolicy;
  /** The name as it stood in the ClientHello; OpenSSL must have read the same one. */
  readonly serverName: string;
  readonly timeoutMs: number;
  readonly lingerer: Lingerer;
  /** What is spoken after it, in the order of preference; those of HTTP when absent. */
  readonly protocols?: readonly string[];
}

/**
 * Runs the TLS handshake on a socket whose ClientHello is still to be read, and says whom it has proved.
 *
 * `done` on a demanding host means: a certificate was sent, and both OpenSSL and our own validation found a path to the
 * bundle that holds now; of a resumed session, that its certificate is admitted as if it were sent now. Rejects for nothing a client does, only where this Node fails; afterwards the raw socket belongs
 * to the TLS socket.
 */
export function runHandshake(raw: Socket, options: HandshakeOptions): Promise<HandshakeOutcome> {
  return new Promise((resolve, reject) => {
    const demanding = options.evaluate !== null;
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: options.secureContext,
      requestCert: demanding,
      rejectUnauthorized: demanding && options.tellsUntrusted !== true,
      ALPNProtocols: options.protocols === undefined ? HTTP_PROTOCOLS : [...options.protocols],
    });
    const stopCatching = options.lingerer.catchHandshakeFailure(raw, () => detachTls(socket));
    let isOver = false;
    // Only the first counts.
    const settle = (outcome: HandshakeOutcome) => {
      isOver = true;
      deadline.cancel();
      resolve(outcome);
    };
    const deadline = new Deadline(options.timeoutMs, () => {
      stopCatching();
      settle({ outcome: 'failed', code: 'HANDSHAKE_TIMEOUT', reason: null });
      socket.destroy();
    });

    // Stays for the life of the socket: bad records after the handshake are told only here, and must end the connection.
    socket.on('_tlsError', (error: unknown) => {
      const code = codeOf(error);
      settle({ outcome: 'failed', code, reason: code === NO_CERTIFICATE ? 'certificate_missing' : null });
      socket.destroy();
    });
    socket.on('error', ignoreError);
    socket.on('close', () => settle(CLOSED));
    letGoOnceClosed(socket);
    socket.on('secure', () => {
      // It comes again at every renegotiation.
      if (isOver) return;
      stopCatching();
      // Thrown from here it would end the worker.
      try {
        settle(judge(socket, options));
      } catch (error) {
        deadline.cancel();
        reject(error);
        socket.destroy();
      }
    });
  });
}

const CLOSED: HandshakeOutcome = { outcome: 'failed', code: 'CLOSED', reason: null };

/** As ALPN writes them (RFC 7301 section 3.1), which Node would do anew for each connection. */
const HTTP_PROTOCOLS = Buffer.from('\x02h2\x08http/1.1', 'latin1');
const NO_CERTIFICATE = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';

function judge(
  socket: TLSSocket,
  { evaluate, intermediates, serverName }: HandshakeOptions,
): HandshakeOutcome {
  // TLS 1.2 gives no name on a resumed session; that is one of this very context, whose domain is the host.
  const sameName =
    socket.servername === serverName ||
    (socket.isSessionReused() && (socket.servername as unknown) === false);
  if (!sameName) {
    socket.destroy();
    return { outcome: 'failed', code: 'SERVER_NAME_DIFFERS', reason: null };
  }
  const alpn = socket.alpnProtocol === null ? false : socket.alpnProtocol;
  if (evaluate === null) return { outcome: 'done', socket, client: null, evaluation: null, alpn };
  const leaf = leafShown(socket);
  // OpenSSL's word on a resumed session is that of its first handshake; ours is of now, on the same certificates.
  const openssl = readVerifyResult(socket);
  const refuse = (reason: RefusalReason, detail: string, chain: readonly Buffer[]): HandshakeOutcome => ({
    outcome: 'refused',
    socket,
    alpn,
    reason,
    detail,
    presented: { openssl, chain },
    ...describeLeaf(leaf),
  });
  // OpenSSL calls a resumed session without a certificate good (nodejs/node #35317).
  if (leaf === null) return refuse('certificate_missing', 'no certificate was sent', []);
  // Whom OpenSSL refuses is refused anyway; what others have sent would only hide why.
  let chain: readonly Buffer[] = openssl.good ? [leaf, ...intermediates.find(leaf)] : [leaf];
  let evaluation = evaluate({ openssl, chain });
  if (evaluation.anchor === null) {
    for (const longer of longerChains(socket, leaf, openssl.good, intermediates)) {
      chain = longer;
      evaluation = evaluate({ openssl, chain });
      if (evaluation.anchor !== null) break;
    }
  }
  // Whom only a matcher refuses is told so in an answer.
  if (evaluation.refusedAt === 'handshake') {
    const { reason, detail } = refusalOf(evaluation, { openssl, chain });
    return refuse(reason, detail, chain);
  }
  const client = identityOf({ openssl, chain }, evaluation);
  if (client === null) return refuse('certificate_invalid', 'the client could not be identified', chain);
  return { outcome: 'done', socket, client, evaluation, alpn };
}

/** Why a client is refused: our reason, unless OpenSSL has seen what we have not read and knows more exactly. */
export function refusalOf(
  { reason, detail }: Evaluation,
  { openssl, chain }: PresentedClient,
): { reason: RefusalReason; detail: string } {
  const ours = { reason: reason ?? ('certificate_invalid' as const), detail };
  if (openssl.good || chain.length > 1 || ours.reason !== 'certificate_untrusted') return ours;
  const theirs = refusalOfOpenSslCode(openssl.code);
  return theirs === ours.reason ? ours : { reason: theirs, detail: openssl.detail };
}

/** The chains that a client may be judged by where what is known of its leaf leads to no CA, what costs least first. */
function* longerChains(
  socket: TLSSocket,
  leaf: Buffer,
  isGood: boolean,
  intermediates: IntermediatesOfPolicy,
): Generator<readonly Buffer[]> {
  const above = isGood ? intermediates.above(leaf) : [];
  if (above.length > 0) yield [leaf, ...above];
  if (!socket.isSessionReused() && intermediates.mayRead(leaf, isGood)) yield certificatesSent(socket);
}

/** What the log says of the leaf that a refused client sent. */
function describeLeaf(leaf: Buffer | null): { fingerprint: string | null; subject: SubjectNames | null } {
  if (leaf === null) return { fingerprint: null, subject: null };
  const fingerprint = fingerprintOf(leaf);
  try {
    return { fingerprint, subject: readSubjectNames(leaf) };
  } catch {
    return { fingerprint, subject: null };
  }
}

/** Takes TLS off the raw socket, which then reads for itself again; what TLS has written is already out. */
function detachTls(socket: TLSSocket): void {
  const internal = socket as unknown as { ssl?: { destroySSL(): void } | null };
  internal.ssl?.destroySSL();
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'TLS_ERROR';
}
