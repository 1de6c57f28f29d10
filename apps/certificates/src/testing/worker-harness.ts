import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiler } from '@postern/compile';
import {
  type CertificateDocument,
  type Hostname,
  hostname,
  type Log,
  resourceName,
  routeDescriptor,
  serviceSpec,
} from '@postern/contracts';
import { newMasterKey } from '@postern/pki';
import { type CertificateOrderRecord, openStore, type Store } from '@postern/store';
import type { Issuer } from '../issuer.ts';
import { openLocalIssuer } from '../local-issuer.ts';
import { startCertificateWorker } from '../worker.ts';

const project = resourceName.parse('default');

/** A real store in a folder of its own, a clock moved by hand, and workers over both. */
export class WorkerHarness {
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-certificates-'));
  readonly url = `sqlite:${join(this.folder, 'store.db')}`;
  readonly masterKey = newMasterKey();
  readonly clock = { now: Date.now() };
  /** Message and names of each log line, in order. */
  readonly logged: { message: string; names?: string[]; retryInMs?: number }[] = [];
  readonly #stops: (() => Promise<void>)[] = [];

  /** Opens the store once more, as another process does. */
  async open(): Promise<Store> {
    const store = await openStore({ url: this.url, compiler, now: () => this.clock.now, pollMs: 10 });
    this.#stops.push(() => store.close());
    await store.ensureProject(project);
    return store;
  }

  openIssuer(store: Store): Promise<Issuer> {
    return openLocalIssuer({
      store,
      masterKey: this.masterKey,
      now: () => this.clock.now,
      random: () => 0,
    });
  }

  start(store: Store, issuer: Issuer): { stop(): Promise<void> } {
    const note =
      () =>
      (fields: object, message: string): void => {
        this.logged.push({ ...fields, message });
      };
    const log: Log = { debug: note(), info: note(), warn: note(), error: note() };
    const worker = startCertificateWorker({
      store,
      issuers: [issuer],
      log,
      now: () => this.clock.now,
      random: () => 0,
      lookEveryMs: 10,
    });
    this.#stops.push(() => worker.stop());
    return worker;
  }

  async dispose(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Creates a route of its own for each host, all to one service. */
export async function serveHosts(store: Store, ...hosts: string[]): Promise<void> {
  const spec = serviceSpec.parse({ targets: ['http://127.0.0.1:1'] });
  // A repeated create of the same content is no other service.
  await store.createService({ project, name: resourceName.parse('echo'), spec });
  for (const host of hosts) {
    await store.createRoute({
      project,
      name: nameOf(host),
      spec: routeDescriptor.parse({ host, routes: [{ prefix: '/', route: { service: 'echo' } }] }),
    });
  }
}

export async function unserveHost(store: Store, host: string): Promise<void> {
  await store.deleteRoute({ project, name: nameOf(host) });
}

/** The certificate that edges get for a host, with its change id and revision; null while there is none. */
export async function readCertificate(
  store: Store,
  host: string,
): Promise<{ id: string; revision: number; document: CertificateDocument } | null> {
  const route = await store.getRoute({ project, name: nameOf(host) });
  const id = route.document.certificate;
  if (id === null) return null;
  const found = (await store.changesAfter(0, 10_000)).find(
    (change) => change.kind === 'certificate' && change.id === id,
  );
  if (found?.body == null)
    throw new Error(`the document of ${host} names certificate ${id}, which is not there`);
  return { id, revision: found.revision, document: found.body as CertificateDocument };
}

/** An issuer that does `before` first, which may wait or fail, and counts what it was asked for. */
export function interpose(
  issuer: Issuer,
  before: (host: Hostname) => Promise<void> | void,
): Issuer & { readonly asked: Hostname[] } {
  const asked: Hostname[] = [];
  return {
    ...issuer,
    asked,
    async issue(order, context) {
      const [host = hostOf('none.invalid')] = order.usedNames;
      asked.push(host);
      await before(host);
      return await issuer.issue(order, context);
    },
  };
}

export const hostOf = (text: string): Hostname => hostname.parse(text);

const nameOf = (host: string) => resourceName.parse(host.replace('*', 'any').replaceAll('.', '-'));

/** What an issuer gives for an order of one name that no store holds. */
export async function issueFor(issuer: Issuer, host: string): Promise<CertificateDocument> {
  const names = [hostOf(host)];
  const order: CertificateOrderRecord = {
    id: 'none',
    project,
    names,
    usedNames: names,
    state: 'pending',
    wantedSince: 0,
    stateSince: 0,
    attempts: 0,
    nextAttemptAt: 0,
    lastError: null,
    issuer: null,
    orderUrl: null,
    sealedKey: null,
    renewReason: null,
    certificate: null,
  };
  const save = async (): Promise<void> => undefined;
  return (await issuer.issue(order, { save, signal: new AbortController().signal })).document;
}
