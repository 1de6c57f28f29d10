import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openIssuers, readCertificatesEnv, startCertificateWorker } from '@postern/certificates';
import { compiler } from '@postern/compile';
import { hostname, type Log, resourceName, routeDescriptor, serviceSpec } from '@postern/contracts';
import { newMasterKey } from '@postern/pki';
import { type CertificateOrderRecord, openStore, type Store } from '@postern/store';
import { expect, vi } from 'vitest';
import { type ChallengeServer, setAt } from './challtestsrv.ts';

export const project = resourceName.parse('default');

/** A store of its own and certificate workers over it, without an edge: challtestsrv answers in its place. */
export class Lab implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-acme-'));
  readonly storeFile = join(this.folder, 'store.db');
  readonly masterKey = newMasterKey();
  /** Milliseconds that are added to the clock of store and workers. */
  aheadMs = 0;
  readonly logged: { message: string; code?: string; err?: unknown }[] = [];
  readonly #closers: (() => Promise<void>)[] = [];

  readonly now = (): number => Date.now() + this.aheadMs;

  /** Opens the store once more, as another process does; `answers` shows challenges there as soon as they are put. */
  async open(answers?: ChallengeServer): Promise<Store> {
    const url = `sqlite:${this.storeFile}`;
    const store = await openStore({ url, compiler, now: this.now, pollMs: 50 });
    this.#closers.push(() => store.close());
    await store.ensureProject(project);
    return answers === undefined ? store : answeredBy(store, answers.managementUrl);
  }

  /** Starts a worker with these POSTERN_* variables. */
  async start(store: Store, env: Record<string, string>): Promise<{ stop(): Promise<void> }> {
    const settings = readCertificatesEnv(env);
    const shared = { store, log: this.#log(), now: this.now, random: Math.random };
    const issuers = await openIssuers({
      ...shared,
      env: settings,
      masterKey: this.masterKey,
      userAgent: 'postern/test',
    });
    const worker = startCertificateWorker({
      ...shared,
      issuers,
      namesPerCertificate: settings.namesPerCertificate,
      lookEveryMs: 200,
    });
    const stop = async (): Promise<void> => {
      await worker.stop();
      for (const issuer of issuers) issuer.close();
    };
    this.#closers.push(stop);
    return { stop };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #log(): Log {
    const note =
      () =>
      (fields: object, message: string): void => {
        this.logged.push({ ...fields, message });
      };
    return { debug: note(), info: note(), warn: note(), error: note() };
  }
}

/** A store whose challenges a challtestsrv answers as soon as they are put. */
export function answeredBy(store: Store, managementUrl: string): Store {
  return {
    ...store,
    async putChallenge(challenge) {
      const put = await store.putChallenge(challenge);
      const { keyAuthorization: content, host } = challenge;
      if (challenge.type === 'http-01')
        await setAt(managementUrl, 'add-http01', { token: challenge.token, content });
      else await setAt(managementUrl, 'add-tlsalpn01', { host, content });
      return put;
    },
  };
}

/** Creates a route of its own for each host, all to one service. */
export async function serveHosts(store: Store, hosts: readonly string[]): Promise<void> {
  const spec = serviceSpec.parse({ targets: ['http://127.0.0.1:1'] });
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

const nameOf = (host: string) => resourceName.parse(host.replace('*', 'any').replaceAll('.', '-'));

/** How the getting of a host's certificate stands. */
export function orderOf(store: Store, host: string): Promise<CertificateOrderRecord> {
  return store.getCertificate(project, hostname.parse(host));
}

/** Waits until a condition about the order of a host holds; gives the order. */
export async function untilOrder(
  store: Store,
  host: string,
  holds: (order: CertificateOrderRecord) => boolean,
  timeout = 60_000,
): Promise<CertificateOrderRecord> {
  return await vi.waitFor(
    async () => {
      const order = await orderOf(store, host);
      expect(holds(order), `${host}: ${JSON.stringify(order)}`).toBe(true);
      return order;
    },
    { timeout, interval: 50 },
  );
}

export const isIssued = ({ state, certificate }: CertificateOrderRecord): boolean =>
  state === 'issued' && certificate !== null;
