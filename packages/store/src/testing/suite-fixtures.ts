import {
  type CertificateDocument,
  type Change,
  hostname,
  LIMITS,
  type ResourceName,
  resourceName,
  routeDescriptor,
  serviceSpec,
} from '@postern/contracts';
import { openStore } from '../open-store.ts';
import type { RouteRecord, RouteWrite, SecretWrite, ServiceWrite, Store } from '../store.ts';
import { suiteCompiler } from './suite-compiler.ts';

/** One empty database: where it is, and how it goes away. */
export interface StoreHarness {
  readonly url: string;
  dispose(): Promise<void>;
}

export type MakeHarness = () => Promise<StoreHarness>;

export const START = Date.UTC(2026, 10, 21);
export const SHOP = resourceName.parse('shop');
export const OTHER = resourceName.parse('other');

/** A clock that a test moves by hand. Milliseconds since 1970. */
export interface TestClock {
  now: number;
}

/** Opens the harness's database with the projects `shop` and `other`. */
export async function openSuiteStore(url: string, clock: TestClock = { now: START }): Promise<Store> {
  const store = await openStore({ url, compiler: suiteCompiler, now: () => clock.now, pollMs: 20 });
  await store.ensureProject(SHOP);
  await store.ensureProject(OTHER);
  return store;
}

export function targetFor(name: string, project = SHOP, ifVersion?: number) {
  return { project, name: resourceName.parse(name), ifVersion };
}

export function caWrite(name: string, content = 'one', project = SHOP): SecretWrite {
  return {
    ...targetFor(name, project),
    type: 'tls-ca',
    details: { keys: ['ca.crt'], caPem: content },
    sealed: `sealed ${content}`,
    document: { kind: 'trust-bundle', body: { contentHash: content, anchorsPem: [content] } },
  };
}

export function tlsWrite(name: string, content = 'one', project = SHOP): SecretWrite {
  return {
    ...targetFor(name, project),
    type: 'tls',
    details: { keys: ['tls.crt', 'tls.key'] },
    sealed: `sealed ${content}`,
    document: { kind: 'certificate', body: certificateDocumentOf(content) },
  };
}

export function certificateDocumentOf(content: string): CertificateDocument {
  return {
    chainPem: content,
    sealedKey: `sealed ${content}`,
    names: ['a.example.org'],
    notBefore: '2026-01-01T00:00:00.000Z',
    notAfter: '2027-01-01T00:00:00.000Z',
    fingerprint: content,
  };
}

export function serviceWrite(name: string, port = 3000, extra: object = {}, project = SHOP): ServiceWrite {
  const spec = serviceSpec.parse({ targets: [`http://127.0.0.1:${port}`], ...extra });
  return { ...targetFor(name, project), spec };
}

export function routeWrite(
  name: string,
  host: string,
  service: string,
  extra: object = {},
  project = SHOP,
): RouteWrite {
  const spec = routeDescriptor.parse({ host, routes: [{ prefix: '/', route: { service } }], ...extra });
  return { ...targetFor(name, project), spec };
}

export const hostOf = (text: string) => hostname.parse(text);

/** All routes of `shop`, read in pages. */
export async function listAllRoutes(store: Store): Promise<RouteRecord[]> {
  const all: RouteRecord[] = [];
  for (let after: ResourceName | undefined; ; ) {
    const page = await store.listRoutes(SHOP, { limit: LIMITS.listLimitMax, after });
    all.push(...page.items);
    if (page.next === null) return all;
    after = page.next;
  }
}

/** Every change after a revision, read in pages. */
export async function readChanges(store: Store, after = 0): Promise<Change[]> {
  const all: Change[] = [];
  for (;;) {
    const page = await store.changesAfter(all.at(-1)?.revision ?? after, 500);
    if (page.length === 0) return all;
    all.push(...page);
  }
}
