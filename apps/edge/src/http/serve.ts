import type { Socket } from 'node:net';
import type { TrustBundle } from '@postern/contracts';
import type { ChallengeAnswers } from '../acme/challenge-answers.ts';
import type { Connection, HostTable, ServeProtocol } from '../connection.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import { createAddressGuard, type OwnListener } from '../upstream/address-guard.ts';
import type { ClientCertificate } from '../upstream/pool.ts';
import type { PoolsOptions } from '../upstream/pools.ts';
import { createUpstreams } from '../upstream/upstreams.ts';
import type { AccessEntry } from './access-line.ts';
import type { AccessLog } from './access-log.ts';
import { createHttp1Server } from './h1-server.ts';
import { serveHttp2 } from './h2-server.ts';
import { createRequestHandler, type RequestLoad, type RequestLog } from './handle-request.ts';
import { type ClientPace, HTTP_LIMITS } from './http-limits.ts';
import type { IdentityTokens } from './identity-token.ts';
import { createRedirectServer } from './redirect.ts';
import type { ConnectionRefusal } from './refusal-page.ts';
import { UpgradeRelays } from './relay-upgrade.ts';
import { createRefusalServer } from './serve-refusal.ts';
import { watchUnreadAnswers } from './unread-answers.ts';

export interface ServeProtocolOptions {
  readonly hosts: HostTable;
  readonly challenges: Pick<ChallengeAnswers, 'httpAnswer'>;
  readonly log: RequestLog;
  readonly accessLog: AccessLog;
  readonly identityTokens: IdentityTokens;
  /** The port clients see: for X-Forwarded-Port and redirects. */
  readonly publicHttpsPort: number;
  readonly ledger: Pick<ClientLedger, 'refuse' | 'see'>;
  /** Hears of every request after its end; for counting. */
  readonly onFinished: (entry: AccessEntry) => void;
  /** Where parts of Postern listen; services are never connected to those. */
  readonly ownListeners: () => readonly OwnListener[];
  /** Present content of a trust bundle or certificate that a service names; undefined closes its https targets. */
  readonly getTrustBundle: (id: string) => TrustBundle | undefined;
  readonly getCertificate: (id: string) => ClientCertificate | undefined;
  /** Tells which targets of a service are left out while it has others; absent: none. */
  readonly unhealthyTargets?: NonNullable<PoolsOptions['unhealthyTargets']>;
  /** Absent: there is always room. */
  readonly load?: RequestLoad;
  /** Hears of each connection that was cut off for its frames. */
  readonly onFlood?: (connection: Connection) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** HTTP_LIMITS where nothing is said. */
  readonly pace?: Partial<ClientPace>;
}

/** The HTTP half of a worker. */
export interface HttpProtocol {
  /** Speaks HTTP/1.1 or HTTP/2 on an admitted connection. */
  readonly serve: ServeProtocol;
  /** Says on a connection why its client is refused, and ends it. */
  serveRefusal(connection: Connection, refusal: ConnectionRefusal): void;
  /** Answers a socket of the plain HTTP listener: challenges of CAs, and redirects. */
  servePlain(socket: Socket): void;
  /** Ends idle connections; exchanges under way come to their end. */
  close(): void;
  /** Ends connections that have left HTTP, each of which has a line to write, and writes out the access log. */
  flush(): Promise<void>;
}

/** Builds the HTTP half: one request path behind both protocols. */
export function createServeProtocol(options: ServeProtocolOptions): HttpProtocol {
  const guard = createAddressGuard({ ownListeners: options.ownListeners });
  const upstreams = createUpstreams({
    guard,
    getTrustBundle: options.getTrustBundle,
    getCertificate: options.getCertificate,
    ...(options.unhealthyTargets === undefined ? {} : { unhealthyTargets: options.unhealthyTargets }),
    now: () => performance.now(),
  });
  const upgrades = new UpgradeRelays();
  const pace: ClientPace = { ...HTTP_LIMITS, ...options.pace };
  const servingOf = createRequestHandler({ ...options, upstreams, upgrades, pace });
  const unread = watchUnreadAnswers(pace.idleMs);
  const http1 = createHttp1Server<Connection>(servingOf, pace);
  const refusals = createRefusalServer(pace, unread);
  const redirects = createRedirectServer({ ...options, pace });
  return {
    serve(connection) {
      return connection.protocol === 'h2'
        ? serveHttp2(connection, servingOf(connection), pace, unread, options.onFlood)
        : http1.serve(connection);
    },
    serveRefusal(connection, refusal) {
      refusals.serve(connection, refusal);
    },
    servePlain(socket) {
      redirects.serve({ socket });
    },
    close() {
      http1.close();
      refusals.close();
      unread.close();
      redirects.close();
      upstreams.close();
    },
    async flush() {
      await upgrades.cut();
      await options.accessLog.flush();
    },
  };
}
