import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  type HostDocument,
  type Hostname,
  type Log,
  normaliseHostname,
  REFUSAL_REASONS,
  type RefusalReason,
} from '@postern/contracts/plain';
import type { SubjectNames } from '@postern/pki';
import { answerTlsChallenge } from '../acme/answer-tls-challenge.ts';
import { ACME_TLS, type ChallengeAnswers } from '../acme/challenge-answers.ts';
import {
  type ClientIdentity,
  type Connection,
  ConnectionUse,
  isObserved,
  isRequested,
  type ServeProtocol,
} from '../connection.ts';
import type { ConnectionRegistry } from '../connections/connection-registry.ts';
import type { EmptyTraffic } from '../connections/empty-traffic.ts';
import type { EdgeHostTable } from '../hosts/host-table.ts';
import type { EdgeHost } from '../hosts/served-host.ts';
import type { ConnectionRefusal } from '../http/refusal-page.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import type { WorkerMetrics } from '../metrics.ts';
import { type AlertName, plaintextAlert } from '../tls/alert.ts';
import { runHandshake } from '../tls/handshake.ts';
import type { KnownIntermediates } from '../tls/known-intermediates.ts';
import type { HandshakeTurns } from './handshake-turns.ts';
import { endSecure, type Lingerer } from './linger.ts';
import { peekClientHello } from './peek.ts';
import { takeProxyHeader } from './proxy-protocol.ts';

export interface AdmitOptions {
  readonly hosts: EdgeHostTable;
  readonly challenges: Pick<ChallengeAnswers, 'alpnContext'>;
  readonly intermediates: KnownIntermediates;
  readonly registry: ConnectionRegistry;
  readonly lingerer: Lingerer;
  readonly emptyTraffic: Pick<EmptyTraffic, 'watch'>;
  readonly turns: HandshakeTurns;
  readonly serve: ServeProtocol;
  /** Says on a connection why its client is refused, and ends it; null: it is closed. */
  readonly serveRefusal: ((connection: Connection, refusal: ConnectionRefusal) => void) | null;
  readonly ledger: Pick<ClientLedger, 'refuse' | 'see'>;
  readonly log: Log;
  readonly metrics: WorkerMetrics;
  /** Milliseconds; see EDGE_LIMITS. */
  readonly helloMs: number;
  readonly helloBytesMax: number;
  readonly handshakeMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Names connections of this worker; unique over workers. */
  readonly nextId: () => string;
}

/** Where a socket comes from, as it was accepted. */
export interface AcceptedSocket {
  readonly address: string;
  readonly port: number;
  /** A trusted load balancer sends a PROXY header first, which says who the client really is. */
  readonly expectProxyHeader: boolean;
  /** Counts the socket for its client, once that is known; false where the client has too many. */
  readonly countFor: (address: string) => boolean;
}

/**
 * Takes a fresh socket to a served connection, or turns it away: hello, host, handshake, identity, protocol.
 *
 * Settles when the protocol has taken over or the socket is on its way out. Never rejects for what a client does.
 */
export async function admitConnection(
  raw: Socket,
  accepted: AcceptedSocket,
  options: AdmitOptions,
): Promise<void> {
  const startedAt = performance.now();
  let client: { address: string; port: number } = accepted;
  if (accepted.expectProxyHeader) {
    const proxied = await takeProxyHeader(raw, options.helloMs);
    if (proxied.outcome !== 'header') {
      if (proxied.outcome === 'refused') {
        options.log.info({ client: accepted.address, reason: proxied.reason }, 'connection refused');
      }
      count(options, 'refused', 'proxy_header_invalid');
      raw.destroy();
      return;
    }
    client = proxied.address ?? accepted;
  }
  if (!accepted.countFor(client.address)) {
    count(options, 'refused', 'too_many_of_client');
    raw.destroy();
    return;
  }
  const peeked = await peekClientHello(raw, {
    timeoutMs: Math.max(1, options.helloMs - (performance.now() - startedAt)),
    bytesMax: options.helloBytesMax,
  });
  if (peeked.outcome === 'gone') {
    count(options, 'failed', 'closed');
    raw.destroy();
    return;
  }
  if (peeked.outcome === 'refused') {
    options.log.debug({ client: client.address, reason: peeked.reason }, 'connection refused');
    count(options, 'refused', 'hello_invalid');
    options.lingerer.end(raw, peeked.answerable ? plaintextAlert('decode_error') : undefined);
    return;
  }
  const { hello } = peeked;
  const turnAway = (alert: AlertName, reason: string, host: string | null) => {
    // Strangers who ask for names we do not have are counted; they could fill a log.
    const level = reason === 'host_closed' || reason === 'certificate_pending' ? 'info' : 'debug';
    options.log[level]({ host, client: client.address, reason }, 'connection refused');
    count(options, 'refused', reason);
    options.lingerer.end(raw, plaintextAlert(alert));
  };

  const name = hello.serverName === null ? undefined : hostOfServerName(hello.serverName);
  if (hello.serverName === null || name === undefined) {
    return turnAway(
      'unrecognized_name',
      hello.serverName === null ? 'no_server_name' : 'invalid_server_name',
      null,
    );
  }
  const turn = options.turns.take(client.address);
  if (turn !== undefined) {
    await turn;
    if (raw.destroyed) return count(options, 'failed', 'closed');
  }
  if (hello.alpn?.includes(ACME_TLS) === true) {
    // Exactly this one protocol (RFC 8737 section 3), so that no such handshake ever leads to the host's own protocols.
    const secureContext = hello.alpn.length === 1 ? await options.challenges.alpnContext(name) : undefined;
    if (secureContext === undefined) return turnAway('no_application_protocol', 'acme_unexpected', name);
    const { handshakeMs: timeoutMs, lingerer } = options;
    const { serverName } = hello;
    const isAnswered = await answerTlsChallenge(raw, { secureContext, serverName, timeoutMs, lingerer });
    // Whoever knows of a challenge may ask as often as they like.
    options.log.debug({ host: name, client: client.address, isAnswered }, 'tls-alpn-01 challenge');
    return count(options, isAnswered ? 'done' : 'failed', 'acme_challenge');
  }
  if (hello.alpn !== null && !hello.alpn.some((protocol) => protocol === 'h2' || protocol === 'http/1.1')) {
    return turnAway('no_application_protocol', 'no_application_protocol', name);
  }
  const found = options.hosts.lookUp(name, hello.tickets);
  if (found.state !== 'served') {
    const reason = { unknown: 'unknown_host', closed: 'host_closed', no_certificate: 'certificate_pending' }[
      found.state
    ];
    return turnAway('unrecognized_name', reason, name);
  }
  const { host } = found;
  const handshake = await runHandshake(raw, {
    secureContext: found.secureContext,
    // By what the host demands when it comes to that: it may change while the handshake runs.
    evaluate: asksNobody(host) ? null : (client) => (options.hosts.get(name) ?? host).evaluate(client),
    intermediates: options.intermediates.of(host.policyVersion),
    tellsUntrusted: tellsUntrusted(host.document) || isObserved(host) || isRequested(host),
    serverName: hello.serverName,
    timeoutMs: options.handshakeMs,
    lingerer: options.lingerer,
  });
  if (handshake.outcome !== 'failed') options.emptyTraffic.watch(raw, handshake.socket, client.address);
  switch (handshake.outcome) {
    case 'failed': {
      const { reason } = handshake;
      const refusal =
        reason === null
          ? null
          : options.ledger.refuse({
              document: host.document,
              revision: host.revision,
              sni: name,
              reason,
              detail: REFUSAL_REASONS[reason],
              rule: null,
              clientAddress: client.address,
              fingerprint: null,
              chain: [],
              tlsVersion: null,
              phase: 'handshake',
            });
      // Of many that are one entry of the ledger the log has the first.
      const level = refusal?.nth === 1 ? 'info' : 'debug';
      const cause = reason ?? handshake.code;
      const id = refusal?.id ?? null;
      options.log[level](
        { host: name, client: client.address, reason: cause, refusal: id },
        'handshake failed',
      );
      count(options, reason === null ? 'failed' : 'refused', reason ?? 'tls_error');
      return;
    }
    case 'refused': {
      const { socket, alpn, presented, ...refusal } = handshake;
      const present = options.hosts.get(name);
      const about = { socket, alpn, sni: name, from: client, client: null, presented };
      const letIn = (served: EdgeHost) => {
        // As a client that nobody knows.
        const connection = connectionOf(options, about);
        options.registry.add(connection, served, options.serve(connection).drain);
      };
      if (present !== undefined && isRequested(present)) {
        // Other anchors may vouch for what these did not.
        if (present.policyVersion !== host.policyVersion) {
          turnOffChanged(options, socket, name, client.address);
          return;
        }
        // No rule has been asked for yet: nobody is refused.
        count(options, 'done', 'ok');
        letIn(present);
        return;
      }
      const isLetIn = present !== undefined && isObserved(present);
      const id = noteRefusedClient(options, socket, {
        ...{ name, host: present ?? host, client: client.address, observed: isLetIn },
        ...{ chain: presented.chain, ...refusal },
      });
      if (isLetIn) {
        letIn(present);
        return;
      }
      if (options.serveRefusal === null || !tellsUntrusted(host.document)) {
        endSecure(options.lingerer, socket);
        return;
      }
      const { reason, detail } = refusal;
      const connection = connectionOf(options, about);
      options.serveRefusal(connection, { reason, detail, refusal: id });
      return;
    }
    case 'done': {
      const { socket } = handshake;
      const present = options.hosts.get(name);
      if (present === undefined || asksNobody(present) !== asksNobody(host)) {
        turnOffChanged(options, socket, name, client.address);
        return;
      }
      count(options, 'done', 'ok');
      const { alpn, evaluation, client: identity } = handshake;
      const presented = identity?.presented ?? null;
      if (identity !== null && evaluation !== null) {
        const { leafDer, fingerprint } = identity;
        const { document } = present;
        const { chain } = identity.presented;
        options.ledger.see({ document, evaluation, leafDer, fingerprint, chain });
        options.intermediates.remember(host.policyVersion, leafDer, host.intermediatesOf(identity));
      }
      const about = { socket, alpn, sni: name, from: client, client: identity, presented };
      const connection = connectionOf(options, about);
      const { drain } = options.serve(connection);
      options.registry.add(connection, present, drain);
    }
  }
}

/** Whether a client that is not trusted is told so in an answer, and not by the end of its handshake. */
function tellsUntrusted({ clientCertificate }: HostDocument): boolean {
  return clientCertificate?.onUntrusted === 'page';
}

interface FinishedHandshake {
  readonly socket: TLSSocket;
  readonly alpn: string | false;
  readonly sni: Hostname;
  readonly from: { readonly address: string; readonly port: number };
  readonly client: ClientIdentity | null;
  readonly presented: Connection['presented'];
}

/** Ends a connection whose host has come to demand something else during the handshake: the next one is asked anew. */
function turnOffChanged(options: AdmitOptions, socket: TLSSocket, host: Hostname, client: string): void {
  options.log.info({ host, client, reason: 'policy_changed' }, 'connection refused');
  count(options, 'refused', 'policy_changed');
  endSecure(options.lingerer, socket);
}

function asksNobody({ document }: Pick<EdgeHost, 'document'>): boolean {
  return document.clientCertificate === null;
}

function connectionOf(
  options: AdmitOptions,
  { socket, alpn, sni, from, client, presented }: FinishedHandshake,
): Connection {
  // The protocols take a socket whose handshake is over; without this they wait for it, or crash.
  (socket as unknown as { secureConnecting: boolean }).secureConnecting = false;
  return {
    id: options.nextId(),
    socket,
    protocol: alpn === 'h2' ? 'h2' : 'http/1.1',
    sni,
    clientAddress: from.address,
    clientPort: from.port,
    tlsVersion: socket.getProtocol() ?? 'unknown',
    tlsCipher: socket.getCipher().name,
    client,
    presented,
    use: new ConnectionUse(),
  };
}

interface RefusedClient {
  /** As the client asked for it. */
  readonly name: Hostname;
  readonly host: EdgeHost;
  /** The client's address. */
  readonly client: string;
  readonly reason: RefusalReason;
  readonly detail: string;
  readonly fingerprint: string | null;
  readonly chain: readonly Buffer[];
  readonly subject: SubjectNames | null;
  /** True where it is let in all the same. */
  readonly observed: boolean;
}

/** Records and logs a refusal, and gives its id in the ledger. */
function noteRefusedClient(
  options: AdmitOptions,
  socket: TLSSocket,
  { name, host, client, reason, detail, fingerprint, chain, subject, observed }: RefusedClient,
): string | null {
  const { id: refusal, nth } = options.ledger.refuse({
    document: host.document,
    revision: host.revision,
    sni: name,
    reason,
    detail,
    rule: null,
    clientAddress: client,
    fingerprint,
    chain,
    tlsVersion: socket.getProtocol(),
    phase: 'handshake',
    observed,
  });
  // Of many that are one entry of the ledger the log has the first.
  const level = nth === 1 ? 'info' : 'debug';
  options.log[level](
    { host: name, client, reason, detail, fingerprint, subject, refusal },
    observed ? 'client would be refused' : 'client refused',
  );
  count(options, observed ? 'done' : 'refused', observed ? 'observed' : reason);
  return refusal;
}

function count(options: AdmitOptions, result: 'done' | 'refused' | 'failed', reason: string): void {
  options.metrics.handshakes.inc({ result, reason });
}

/** A name a client may ask for: one host, never a pattern. */
function hostOfServerName(text: string): Hostname | undefined {
  if (text.startsWith('*')) return undefined;
  const result = normaliseHostname(text);
  return 'host' in result ? result.host : undefined;
}
