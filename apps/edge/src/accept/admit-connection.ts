import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Hostname, type Log, normaliseHostname, type RefusalReason } from '@postern/contracts';
import type { SubjectNames } from '@postern/pki';
import type { Connection, ServeProtocol } from '../connection.ts';
import type { ConnectionRegistry } from '../connections/connection-registry.ts';
import type { EdgeHostTable } from '../hosts/host-table.ts';
import type { WorkerMetrics } from '../metrics.ts';
import { type AlertName, plaintextAlert } from '../tls/alert.ts';
import { runHandshake } from '../tls/handshake.ts';
import type { KnownIntermediates } from '../tls/known-intermediates.ts';
import { endSecure, type Lingerer } from './linger.ts';
import { peekClientHello } from './peek.ts';
import { takeProxyHeader } from './proxy-protocol.ts';

export interface AdmitOptions {
  readonly hosts: EdgeHostTable;
  readonly intermediates: KnownIntermediates;
  readonly registry: ConnectionRegistry;
  readonly lingerer: Lingerer;
  readonly serve: ServeProtocol;
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
    evaluate: host.policy === null ? null : (client) => (options.hosts.get(name) ?? host).evaluate(client),
    intermediatesOf: (leafDer) => options.intermediates.find(host.policyVersion, leafDer),
    serverName: hello.serverName,
    timeoutMs: options.handshakeMs,
    lingerer: options.lingerer,
  });
  switch (handshake.outcome) {
    case 'failed': {
      const reason = handshake.reason ?? handshake.code;
      const level = handshake.reason === null ? 'debug' : 'info';
      options.log[level]({ host: name, client: client.address, reason }, 'handshake failed');
      count(options, handshake.reason === null ? 'failed' : 'refused', handshake.reason ?? 'tls_error');
      return;
    }
    case 'refused': {
      const { socket, ...refusal } = handshake;
      refuseClient(options, socket, { host: name, client: client.address, ...refusal });
      return;
    }
    case 'done': {
      const { socket } = handshake;
      const present = options.hosts.get(name);
      if (present === undefined || (present.policy === null) !== (host.policy === null)) {
        options.log.info(
          { host: name, client: client.address, reason: 'policy_changed' },
          'connection refused',
        );
        count(options, 'refused', 'policy_changed');
        endSecure(options.lingerer, socket);
        return;
      }
      count(options, 'done', 'ok');
      if (handshake.client !== null) {
        const { leafDer, chainDer } = handshake.client;
        options.intermediates.remember(host.policyVersion, leafDer, chainDer);
      }
      // The protocols below take a socket whose handshake is over; without this they wait for it, or crash.
      (socket as unknown as { secureConnecting: boolean }).secureConnecting = false;
      const connection: Connection = {
        id: options.nextId(),
        socket,
        protocol: handshake.alpn === 'h2' ? 'h2' : 'http/1.1',
        sni: name,
        clientAddress: client.address,
        clientPort: client.port,
        tlsVersion: socket.getProtocol() ?? 'unknown',
        tlsCipher: socket.getCipher().name,
        client: handshake.client,
      };
      const { drain } = options.serve(connection);
      options.registry.add(connection, present.document, drain);
    }
  }
}

interface RefusedClient {
  readonly host: Hostname;
  /** The client's address. */
  readonly client: string;
  readonly reason: RefusalReason;
  readonly detail: string;
  readonly fingerprint: string | null;
  readonly subject: SubjectNames | null;
}

function refuseClient(
  options: AdmitOptions,
  socket: TLSSocket,
  { host, client, reason, detail, fingerprint, subject }: RefusedClient,
): void {
  options.log.info({ host, client, reason, detail, fingerprint, subject }, 'client refused');
  count(options, 'refused', reason);
  endSecure(options.lingerer, socket);
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
