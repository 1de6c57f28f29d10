import type { HostDocument, TrustBundle, Upstream } from '@postern/contracts';
import { type EdgeFixture, startEdgeFixture, upstreamTo } from '../../testing/edge-fixture.ts';
import type { OwnListener } from '../../upstream/address-guard.ts';
import type { ClientCertificate } from '../../upstream/pool.ts';
import type { WorkerOptions } from '../../worker.ts';
import type { AccessEntry } from '../access-line.ts';
import { accessLine } from '../access-line.ts';
import type { ClientPace } from '../http-limits.ts';
import { createServeProtocol } from '../serve.ts';

/** A line of the access log, read again. */
export type LoggedEntry = Omit<AccessEntry, 'at' | 'client'> & {
  readonly time: string;
  readonly clientAddress: string;
  readonly tlsVersion: string;
  readonly clientFingerprint: string | null;
  readonly clientNames: readonly string[] | null;
};

/** An edge that speaks real HTTP on 127.0.0.1, and what it logged. */
export interface HttpFixture {
  readonly edge: EdgeFixture;
  readonly entries: LoggedEntry[];
  readonly bundles: Map<string, TrustBundle>;
  readonly certificates: Map<string, ClientCertificate>;
  readonly ownListeners: OwnListener[];
  /** Puts an open host with one rule `/` to a plain HTTP upstream on a port of 127.0.0.1. */
  putHost(host: string, port: number, input?: HttpHostInput): Promise<void>;
  close(): Promise<void>;
}

export interface HttpHostInput extends Partial<HostDocument> {
  readonly anchors?: readonly string[];
  readonly subjectMatches?: readonly { exact?: string; hasSuffix?: string }[];
  readonly tellUntrusted?: boolean;
  readonly protocol?: 'http' | 'https' | 'h2c';
  readonly upstream?: Partial<Upstream>;
  readonly websockets?: boolean;
}

/** The port clients are told in tests. */
export const PUBLIC_PORT = 443;

export async function startHttpFixture({
  now = Date.now,
  limits = {},
  ...options
}: {
  limits?: WorkerOptions['limits'];
  pace?: Partial<ClientPace>;
  now?: () => number;
} = {}): Promise<HttpFixture> {
  const entries: LoggedEntry[] = [];
  const bundles = new Map<string, TrustBundle>();
  const certificates = new Map<string, ClientCertificate>();
  const ownListeners: OwnListener[] = [];
  const edge = await startEdgeFixture({
    now,
    limits,
    protocol: ({ hosts, challenges, ledger, log, identityTokens, load, onFlood }) =>
      createServeProtocol({
        hosts,
        challenges,
        log,
        ledger,
        load,
        onFlood,
        identityTokens,
        accessLog: {
          write: (entry) => void entries.push(JSON.parse(accessLine(entry)) as LoggedEntry),
          flush: async () => undefined,
          dropped: () => 0,
          close: async () => undefined,
        },
        publicHttpsPort: PUBLIC_PORT,
        onFinished: () => undefined,
        ownListeners: () => ownListeners,
        getTrustBundle: (id) => bundles.get(id),
        getCertificate: (id) => certificates.get(id),
        now,
        ...options,
      }),
  });
  return {
    edge,
    entries,
    bundles,
    certificates,
    ownListeners,
    putHost(host, port, { protocol = 'http', upstream, websockets = false, ...input } = {}) {
      return edge.putHost(host, {
        rules: [{ name: null, prefix: '/', service: 'echo', enableWebsockets: websockets }],
        services: { echo: { ...upstreamTo(protocol, port), ...upstream } },
        ...input,
      });
    },
    close: () => edge.close(),
  };
}
