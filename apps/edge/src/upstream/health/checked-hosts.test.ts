import { DOCUMENT_FORMAT_HEALTH, type Log, type Upstream } from '@postern/contracts';
import { expect, test, vi } from 'vitest';
import { hostDocumentOf, upstreamTo } from '../../testing/feed-documents.ts';
import { createCheckedHosts } from './checked-hosts.ts';
import type { HealthChecker } from './health-checker.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const way = { kind: 'tcp' } as const;
const times = { intervalMs: 1_000, timeoutMs: 1_000, healthyAfter: 1, unhealthyAfter: 1 };
const checked: Upstream = { ...upstreamTo('http', 1), healthCheck: { way, ...times } };

/** A replica of host documents by name, and a checker that keeps what it is told of. */
function start(documents: Map<string, { body: unknown; formatVersion: number }>) {
  const told = new Map<string, string[]>();
  let forgets = 0;
  const checker: HealthChecker = {
    setHost: (host, services) =>
      void told.set(
        host,
        services.map(([service]) => service),
      ),
    forgetUnused: () => {
      forgets += 1;
    },
    flush() {},
    close() {},
  };
  const replica = {
    listHostsWithChecks: () =>
      [...documents].flatMap(([id, { body }]) =>
        JSON.stringify(body).includes('"healthCheck"') ? [id] : [],
      ),
    get(_kind: string, id: string) {
      const document = documents.get(id);
      return document && { epoch: 'E', revision: 1, kind: 'host', id, damaged: false, ...document };
    },
  };
  const hosts = createCheckedHosts({ replica, checker, log: silent });
  return { hosts, told, forgets: () => forgets };
}
const entry = (host: string, service: Upstream, formatVersion = DOCUMENT_FORMAT_HEALTH) => ({
  body: hostDocumentOf(host, { services: { echo: service } }),
  formatVersion,
});

test('only services with a check are told, of hosts whose documents can be used', async () => {
  const documents = new Map<string, { body: unknown; formatVersion: number }>([
    ['a', entry('a', checked)],
    ['plain', entry('plain', upstreamTo('http', 1))],
    ['newer', entry('newer', checked, 99)],
    ['damaged', { body: { services: { echo: checked } }, formatVersion: 1 }],
    ['nothing', { body: null, formatVersion: 1 }],
  ]);
  const { hosts, told, forgets } = start(documents);
  await vi.waitFor(() => expect(forgets()).toBe(1), { timeout: 30_000 });
  expect(Object.fromEntries(told)).toEqual({ a: ['default/echo'] });
  documents.set('plain', entry('plain', checked));
  documents.delete('a');
  hosts.applyChanges([
    { kind: 'host', id: 'plain' },
    { kind: 'host', id: 'a' },
    { kind: 'trust-bundle', id: 'newer' },
  ]);
  expect(Object.fromEntries(told)).toEqual({ a: [], plain: ['default/echo'] });
  documents.delete('plain');
  documents.set('b', entry('b', checked));
  hosts.applyChanges('all');
  await vi.waitFor(() => expect(forgets()).toBe(2), { timeout: 30_000 });
  expect(Object.fromEntries(told)).toEqual({ a: [], plain: [], b: ['default/echo'] });
});
