import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChangeKind,
  DOCUMENT_FORMAT,
  type HostDocument,
  type Log,
  type LogLevel,
  type SubjectMatcher,
  TICKET_KEYS,
  type TrustBundle,
} from '@postern/contracts';
import { createLocalAuthority, newEdgeKeyPair, parseCertificatesPem, trustBundleOf } from '@postern/pki';
import { openReplica, type Replica } from '@postern/replica';
import type { LedgerNews } from '../ledger/client-ledger.ts';
import { type RunningWorker, startWorker, type WorkerOptions } from '../worker.ts';
import { answeringProtocol } from './answering-protocol.ts';
import { hostDocumentOf, issueFor, ticketKeysFor } from './feed-documents.ts';
import { pemOf } from './openssl-certificates.ts';

export { upstreamTo } from './feed-documents.ts';

const EPOCH = 'test';

interface FixtureOptions {
  /** The protocol on admitted connections; without one every request is answered with what the edge knows of the client. */
  readonly protocol?: WorkerOptions['protocol'];
  readonly limits?: WorkerOptions['limits'];
  readonly minVersion?: WorkerOptions['minVersion'];
  readonly proxyProtocolFrom?: WorkerOptions['proxyProtocolFrom'];
  readonly now?: () => number;
  /** No keys of session tickets: nothing resumes. */
  readonly withoutTicketKeys?: boolean;
}

/** What a test says of a host; everything else is a plain open host with one rule `/`. */
interface HostInput extends Partial<HostDocument> {
  /** PEM files of the anchors that clients must lead to. */
  readonly anchors?: readonly string[];
  readonly subjectMatches?: readonly SubjectMatcher[];
  /** Answers untrusted clients with 403 in place of ending their handshake. */
  readonly tellUntrusted?: boolean;
}

/** One line of the worker's log. */
export type LogLine = Record<string, unknown> & { readonly msg: string };

/** One worker in this process over a replica of its own, on 127.0.0.1, with its certificates made on the spot. */
export interface EdgeFixture {
  readonly directory: string;
  readonly replica: Replica;
  readonly port: number;
  readonly httpPort: number;
  readonly worker: RunningWorker;
  /** PEM file of the CA of the server certificates. */
  readonly serverCa: string;
  /** The public key that documents are sealed to. */
  readonly edgeKey: string;
  readonly log: LogLine[];
  /** Whom the worker refused and saw. */
  readonly ledger: LedgerNews[];
  /** Writes a host with its certificate and bundle, and tells the worker. */
  putHost(host: string, input?: HostInput): Promise<void>;
  /** Writes a trust bundle of PEM files, and tells the worker. */
  putBundle(id: string, files: readonly string[]): void;
  /** Writes any document, damaged ones too, and tells the worker; a null body removes it. */
  put(kind: ChangeKind, id: string, body: unknown, formatVersion?: number): void;
  /**
   * Another worker over the same replica, which hears of changes and of intermediates as the first one does unless it is deaf; gives its port.
   */
  addWorker(options?: { readonly deaf?: boolean }): Promise<number>;
  /** A fresh server certificate for a host, as a feed document. */
  issue(id: string, host: string): Promise<unknown>;
  close(): Promise<void>;
}

export async function startEdgeFixture(options: FixtureOptions = {}): Promise<EdgeFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-edge-'));
  const replica = openReplica({ file: join(directory, 'replica.db'), readOnly: false });
  const edgeKey = newEdgeKeyPair();
  const authority = await createLocalAuthority({ name: 'Fixture CA', now: Date.now() });
  const serverCa = join(directory, 'server-ca.pem');
  writeFileSync(serverCa, authority.certPem);
  const log: LogLine[] = [];
  const ledger: LedgerNews[] = [];
  let revision = 0;
  const write = (kind: ChangeKind, id: string, body: unknown, formatVersion = DOCUMENT_FORMAT) => {
    revision += 1;
    replica.apply([{ epoch: EPOCH, revision, kind, id, formatVersion, body }], { epoch: EPOCH, revision });
  };
  if (options.withoutTicketKeys !== true) {
    write('ticket-keys', TICKET_KEYS.id, ticketKeysFor(edgeKey.publicKey, [(options.now ?? Date.now)()]));
  }
  const startOne = (more: Partial<WorkerOptions> = {}) =>
    startWorker({
      replica,
      edgeKeyPem: edgeKey.privateKeyPem,
      httpsListen: [{ host: '127.0.0.1', port: 0 }],
      httpListen: [{ host: '127.0.0.1', port: 0 }],
      proxyProtocolFrom: options.proxyProtocolFrom ?? null,
      minVersion: options.minVersion ?? 'TLSv1.2',
      protocol: options.protocol ?? answeringProtocol,
      log: collectingLog(log),
      now: options.now ?? Date.now,
      idPrefix: 'test',
      ledger: { runKey: 'test', onNews: (news) => void ledger.push(news) },
      // The memory of a test process is its own affair, and nobody is slow only because the machine is.
      limits: {
        ...{ drainMs: 1_000, memoryBytes: Number.POSITIVE_INFINITY, floodsMax: Number.POSITIVE_INFINITY },
        ...{ helloMs: 60_000, handshakeMs: 60_000, lingerMs: 10_000 },
        ...options.limits,
      },
      ...more,
    });
  const others: RunningWorker[] = [];
  const worker = await startOne({
    onIntermediates: (shared) => {
      for (const other of others) other.takeIntermediates(shared);
    },
  });

  const deafOnes: RunningWorker[] = [];
  const tell = (ids: { kind: ChangeKind; id: string }[]) => {
    for (const one of [worker, ...others, ...deafOnes]) one.applyChanges(ids);
  };
  const issue = (id: string, host: string) => issueFor({ authority, edgeKey: edgeKey.publicKey, id, host });
  return {
    directory,
    replica,
    port: worker.httpsAddresses[0]?.port ?? 0,
    httpPort: worker.httpAddresses[0]?.port ?? 0,
    worker,
    serverCa,
    edgeKey: edgeKey.publicKey,
    log,
    ledger,
    issue,
    async putHost(host, { anchors, subjectMatches, tellUntrusted, ...document } = {}) {
      const certificate = `certificate-${host}`;
      const bundle = `bundle-${host}`;
      write('certificate', certificate, await issue(certificate, host));
      if (anchors !== undefined) write('trust-bundle', bundle, bundleOf(anchors));
      const demand =
        anchors === undefined
          ? null
          : {
              mode: 'require' as const,
              trustBundle: bundle,
              subjectMatches: subjectMatches?.slice() ?? null,
              ...(tellUntrusted === true ? { onUntrusted: 'page' as const } : {}),
            };
      write('host', host, hostDocumentOf(host, { certificate, clientCertificate: demand, ...document }));
      tell([
        { kind: 'certificate', id: certificate },
        { kind: 'trust-bundle', id: bundle },
        { kind: 'host', id: host },
      ]);
    },
    putBundle(id, files) {
      write('trust-bundle', id, bundleOf(files));
      tell([{ kind: 'trust-bundle', id }]);
    },
    put(kind, id, body, formatVersion) {
      write(kind, id, body, formatVersion);
      tell([{ kind, id }]);
    },
    async addWorker({ deaf = false } = {}) {
      const other = await startOne();
      (deaf ? deafOnes : others).push(other);
      return other.httpsAddresses[0]?.port ?? 0;
    },
    async close() {
      await Promise.all([worker, ...others, ...deafOnes].map((one) => one.close()));
      replica.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function bundleOf(files: readonly string[]): TrustBundle {
  const certificates = files.flatMap((file) => {
    const parsed = parseCertificatesPem(pemOf(file), { pointer: '' });
    if (!parsed.ok) throw new Error(`${file} holds no certificates`);
    return parsed.certificates;
  });
  return trustBundleOf(certificates);
}

/** Keeps every line, whatever its level. */
function collectingLog(lines: LogLine[]): Log {
  const keep = (level: LogLevel) => (fields: object, msg: string) =>
    void lines.push({ ...fields, level, msg });
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}
