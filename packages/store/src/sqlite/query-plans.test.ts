import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Store } from '../store.ts';
import { makeSqliteHarness, type SqliteHarness } from '../testing/sqlite-harness.ts';
import {
  caWrite,
  certificateDocumentOf,
  hostOf,
  openSuiteStore,
  routeWrite,
  SHOP,
  START,
  serviceWrite,
  targetFor,
  tlsWrite,
} from '../testing/suite-fixtures.ts';

let harness: SqliteHarness;
let store: Store;
let asked: Set<string>;

beforeEach(async () => {
  harness = await makeSqliteHarness();
  asked = new Set();
  store = await openSuiteStore(harness.url);
  const { prepare } = Database.prototype;
  vi.spyOn(Database.prototype, 'prepare').mockImplementation(function (
    this: Database.Database,
    text: string,
  ) {
    asked.add(text);
    return prepare.call(this, text);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
  await harness.dispose();
});

/** Tables that grow with the hosts. */
const LARGE =
  /^SCAN (changes|certificate|secrets|services|hostnames|routes|route_services|route_secrets|service_secrets|certificate_orders|certificate_names|issued_certificates|former_versions|hostname|former|rest)\b/;
/** Reads of a large table by the project alone. */
const OF_PROJECT =
  /^SEARCH (changes|certificate|secrets|services|hostnames|routes|route_services|route_secrets|certificate_orders|certificate_names|issued_certificates) .*\(project=\?\)/;
/** These hold few rows of a project, those that are meant. */
const SMALL_OF_PROJECT = /INDEX (secrets_lists|certificate_orders_pending)/;
/** Reads of one of these from its beginning: it holds what is due or waits, and nothing else. */
const SMALL_INDEX =
  / USING (COVERING )?INDEX (hostnames_check|hostnames_unverified|crl_sources_next|certificate_orders_\w+|issued_certificates_look)/;

test('no statement of writes, pages, workers and the feed reads a whole table that grows with the hosts', async () => {
  await store.putSecret(caWrite('ca'));
  await store.putSecret(caWrite('ca', 'two'));
  await store.putSecret(tlsWrite('own'));
  await store.createService(serviceWrite('echo'));
  await store.createService(
    serviceWrite('secured', 3001, { targets: ['https://127.0.0.1:3001'], tls: { ca: { name: 'ca' } } }),
  );
  const tls = { clientValidationCa: { name: 'ca' } };
  for (const name of ['one', 'two'])
    await store.createRoute(routeWrite(name, `${name}.test`, 'echo', { tls }));
  await store.updateRoute(routeWrite('two', 'three.test', 'secured', { tls }));
  await store.updateService(serviceWrite('echo', 3002));
  const [order] = await store.listDueOrders(START, 10);
  await store.saveIssuedCertificate({
    ...{
      orderId: order?.id ?? '',
      names: order?.names ?? [],
      issuer: 'local',
      renewAt: START,
      ariCertId: null,
    },
    document: certificateDocumentOf('issued'),
  });
  const [looked] = await store.listCertificatesToLookAt(START, 10);
  await store.noteLooks([{ id: looked?.id ?? '', at: START + 1 }]);
  await store.nextOrderAt();
  await store.listWaitingRevocations(10);
  await store.purgeCertificates();
  await store.listCertificates(SHOP, { limit: 10 });
  await store.listCertificates(SHOP, { limit: 10, pending: true });
  await store.listCertificates(SHOP, { limit: 10, expiresBefore: START });
  await store.listDueHostnames(START, 10);
  await store.nextHostnameCheckAt();
  await store.trustHostnames(hostOf('apps.test'), 10);
  await store.listHostnames(SHOP, { limit: 10 });
  await store.dueCrls(START, 10);
  await store.nextCrlTryAt();
  for (const query of [{ limit: 10 }, { limit: 10, namePrefix: 't' }]) {
    await store.listRoutes(SHOP, query);
    await store.listSecrets(SHOP, query);
    await store.listServices(SHOP, query);
  }
  await store.getRoute(targetFor('one'));
  await store.getSecret(targetFor('ca'));
  await store.changesAfter(0, 50);
  await store.isResumable(await store.cursor());
  await store.runJobSlice();
  await store.deleteSecret(targetFor('own'));
  await store.deleteRoute(targetFor('one'));

  const file = new Database(harness.file, { readonly: true });
  const plans = [...asked]
    .filter((text) => /^\s*(select|update|delete|insert|with)/i.test(text) && !text.endsWith('where false'))
    .map((text) => {
      const steps = file
        .prepare<unknown[], { detail: string }>(`explain query plan ${text}`)
        .all(...Array.from(text.matchAll(/\?/g), () => null));
      return { text, steps: steps.map(({ detail }) => detail) };
    });
  file.close();
  const whole = plans.flatMap(({ text, steps }) =>
    steps.filter((step) => LARGE.test(step) && !SMALL_INDEX.test(step)).map((step) => `${step}: ${text}`),
  );
  expect(plans.length).toBeGreaterThan(60);
  expect(whole).toEqual([]);
  // Nor all rows of a project, unless they are in the order of a page that ends.
  const ofProject = plans.flatMap(({ text, steps }) =>
    steps
      .filter((step) => OF_PROJECT.test(step) && !/ limit \?$/.test(text) && !SMALL_OF_PROJECT.test(step))
      .map((step) => `${step}: ${text}`),
  );
  expect(ofProject).toEqual([]);
  // What of a project's many rows is found by an index for the few that are meant.
  for (const [words, name] of [
    ["type = 'crl'", 'secrets_lists'],
    ["state <> 'issued' or renew_reason is not null", 'certificate_orders_pending'],
    ['"look_at" <= ?', 'issued_certificates_look'],
  ] as const) {
    const found = plans.filter(({ text }) => text.includes(words));
    expect(found.length).toBeGreaterThan(0);
    for (const { steps } of found) expect(steps.join('\n')).toContain(name);
  }
});
