import { PosternError } from '@postern/contracts';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RouteWrite, Store } from '../store.ts';
import { makeSqliteHarness } from '../testing/sqlite-harness.ts';
import {
  caWrite,
  listAllRoutes,
  openSuiteStore,
  routeWrite,
  START,
  serviceWrite,
  targetFor,
  tlsWrite,
} from '../testing/suite-fixtures.ts';
import { secretsOfRoute, servicesOfRoute } from './host-rows.ts';

const NUMBERS = [0, 1, 2];
const one = fc.constantFrom(...NUMBERS);
const STEP = fc.record({
  act: fc.constantFrom(
    'route',
    'route',
    'route',
    'ca',
    'service',
    'tls',
    'route gone',
    'service gone',
    'ca gone',
  ),
  name: one,
  host: one,
  services: fc.uniqueArray(one, { minLength: 1 }),
  ca: fc.option(one),
  tls: fc.option(one),
  label: fc.option(fc.constantFrom('one', 'two')),
});
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

function writeOf({ name, host, services, ca, tls, label }: Step): RouteWrite {
  const routes = services.map((service, at) => ({ prefix: `/${at}`, route: { service: `s${service}` } }));
  const secrets = {
    ...(ca === null ? {} : { clientValidationCa: { name: `ca${ca}` } }),
    ...(tls === null ? {} : { serverCertificate: { name: `tls${tls}` } }),
  };
  const write = routeWrite(`r${name}`, `h${host}.example.org`, 's0', {
    routes,
    ...(ca === null && tls === null ? {} : { tls: secrets }),
  });
  return label === null ? write : { ...write, labels: { is: label } };
}

async function writeRoute(store: Store, write: RouteWrite, now: number): Promise<void> {
  const known = (await listAllRoutes(store)).find(({ name }) => name === write.name);
  const { record } = await (known === undefined ? store.createRoute(write) : store.updateRoute(write));
  expect(record).toMatchObject({
    ...{ spec: write.spec, labels: write.labels ?? known?.labels ?? {}, version: (known?.version ?? 0) + 1 },
    ...{ updatedAt: now, createdAt: known?.createdAt ?? now },
  });
}

/** `content` is new in each step. */
async function take(store: Store, step: Step, content: number, now: number): Promise<void> {
  const { act, name, ca } = step;
  if (act === 'route') await writeRoute(store, writeOf(step), now);
  if (act === 'route gone') await store.deleteRoute(targetFor(`r${name}`));
  if (act === 'service gone') await store.deleteService(targetFor(`s${name}`));
  if (act === 'service gone') await store.createService(serviceWrite(`s${name}`, content));
  if (act === 'ca gone') await store.deleteSecret(targetFor(`ca${name}`));
  if (act === 'ca gone' || act === 'ca') await store.putSecret(caWrite(`ca${name}`, String(content)));
  if (act === 'tls') await store.putSecret(tlsWrite(`tls${name}`, String(content)));
  const tls =
    ca === null ? {} : { targets: [`https://127.0.0.1:${content}`], tls: { ca: { name: `ca${ca}` } } };
  if (act === 'service') await store.updateService(serviceWrite(`s${name}`, content, tls));
}

/** All that follows from the routes is what their rows would give anew. */
async function expectWhole(store: Store, file: string): Promise<void> {
  const raw = new Database(file, { readonly: true });
  const all = (query: string, ...values: string[]) =>
    raw
      .prepare(query)
      .pluck()
      .all(...values);
  try {
    const routes = await listAllRoutes(store);
    for (const { id, name, spec, document } of routes) {
      expect(document).toEqual((await store.draftHost(targetFor(name), spec)).document);
      expect(all('select host from routes where id = ?', id)).toEqual([spec.host]);
      expect(all('select service from route_services where route_id = ? order by 1', id)).toEqual(
        servicesOfRoute(spec).toSorted(),
      );
      expect(all('select secret from route_secrets where route_id = ? order by 1', id)).toEqual(
        secretsOfRoute(spec).toSorted(),
      );
    }
    const hosts = routes.map(({ spec }) => spec.host).toSorted();
    expect(all("select id from changes where kind = 'host' and body is not null order by 1")).toEqual(hosts);
    const ordered = routes.filter(({ spec }) => spec.tls?.serverCertificate === undefined);
    expect(all('select name from certificate_names where used = 1 order by 1')).toEqual(
      ordered.map(({ spec }) => spec.host).toSorted(),
    );
  } finally {
    raw.close();
  }
}

test('whatever is written in whatever order, each host is what its rows compile to, and is found by what its route names', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 20, maxLength: 40 }), async (steps) => {
      const harness = await makeSqliteHarness();
      const clock = { now: START };
      const store = await openSuiteStore(harness.url, clock);
      try {
        for (const number of NUMBERS) {
          await store.createService(serviceWrite(`s${number}`));
          await store.putSecret(caWrite(`ca${number}`));
          await store.putSecret(tlsWrite(`tls${number}`));
        }
        for (const [index, step] of steps.entries()) {
          clock.now += 1_000;
          await take(store, step, 4_000 + index, clock.now).catch((error: unknown) => {
            // What is in use, taken or not there is refused, and then nothing is written.
            if (!(error instanceof PosternError)) throw error;
          });
          while (await store.runJobSlice());
          await expectWhole(store, harness.file);
        }
      } finally {
        await store.close();
        await harness.dispose();
      }
    }),
    { numRuns: 5 },
  );
});
