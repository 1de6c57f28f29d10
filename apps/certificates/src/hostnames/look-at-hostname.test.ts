import type { Hostname, PublicEdge } from '@postern/contracts';
import { expect, test } from 'vitest';
import { DnsFailure, type DnsResolver, type DnsType } from '../dns/dns-resolver.ts';
import { lookAtHostname } from './look-at-hostname.ts';
import { nextCheckAt } from './next-check.ts';

const EDGE: PublicEdge = { name: 'edge.test' as Hostname, addresses: ['192.0.2.7', '2001:db8::7'] };
const TOKEN = 'postern-verification=mine';

/** Answers from `TYPE NAME` keys; `fail` stands for servers that fail. */
function resolverOf(zone: Record<string, readonly unknown[] | 'fail'>): DnsResolver {
  return {
    servers: [],
    lookUp: async (host: string, type: DnsType) => {
      const records = zone[`${type} ${host}`] ?? [];
      if (records === 'fail') throw new DnsFailure(host, type, [{ server: 'ns:53', code: 'SERVFAIL' }]);
      return { records, exists: true, server: 'ns:53' } as never;
    },
  };
}
const look = (zone: Record<string, readonly unknown[] | 'fail'>, name = 'a.test', edge = EDGE) =>
  lookAtHostname(resolverOf(zone), { name, token: TOKEN }, edge);

test.each([
  ['a CNAME record that leads to the edges', { 'CNAME a.test': ['Edge.Test.'] }, 'cname'],
  ['several of them', { 'CNAME a.test': ['b.test'], 'CNAME b.test': ['edge.test'] }, 'cname'],
  ['an address of the edges', { 'A a.test': ['198.51.100.1', '192.0.2.7'] }, 'address'],
  ['an IPv6 address, however it is written', { 'AAAA a.test': ['2001:0db8:0::7'] }, 'address'],
  ['the TXT record of the project', { 'TXT _postern-challenge.a.test': ['x', TOKEN] }, 'txt'],
  ['a proof, whatever else fails', { 'A a.test': 'fail', 'CNAME a.test': ['edge.test'] }, 'cname'],
  ['nothing', {}, null],
  ['a CNAME record that leads elsewhere', { 'CNAME a.test': ['edge.test.evil.test'] }, null],
  ['CNAME records in a circle', { 'CNAME a.test': ['b.test'], 'CNAME b.test': ['a.test'] }, null],
  [
    'the TXT record of another project',
    { 'TXT _postern-challenge.a.test': ['postern-verification=x'] },
    null,
  ],
  ['the TXT record at the name itself', { 'TXT a.test': [TOKEN] }, null],
  ['servers that fail', { 'A a.test': 'fail' }, undefined],
] as const)('%s: proved by %j', async (_, zone, proof) => {
  expect((await look(zone)).proof).toBe(proof);
});

test('a wildcard is proved by its TXT record alone', async () => {
  const zone = { 'CNAME *.a.test': ['edge.test'], 'A *.a.test': ['192.0.2.7'], 'A a.test': ['192.0.2.7'] };
  expect((await look(zone, '*.a.test')).proof).toBeNull();
  expect((await look({ 'TXT _postern-challenge.a.test': [TOKEN] }, '*.a.test')).proof).toBe('txt');
});

test('an installation that says nothing of its edges takes no record for theirs', async () => {
  const zone = { 'CNAME a.test': ['edge.test'], 'A a.test': ['192.0.2.7'] };
  expect((await look(zone, 'a.test', { name: null, addresses: [] })).proof).toBeNull();
});

test('what was found is told, CAA records and servers that fail as well', async () => {
  const caa = [{ tag: 'issue', value: 'ca.example', isCritical: false }];
  const { found } = await look({ 'CAA test': caa, 'A a.test': ['198.51.100.1'], 'CNAME a.test': 'fail' });
  expect(found).toEqual({
    ...{ cname: [], addresses: ['198.51.100.1'], txt: [] },
    caa: { at: 'test', records: ['test. CAA 0 issue "ca.example"'] },
    failures: ['DNS: no answer to CNAME of a.test: SERVFAIL from ns:53'],
  });
  const { proof } = await look({ 'CAA a.test': 'fail' });
  expect(proof).toBeNull();
});

test('a name is looked at soon at first, then every 20 minutes; a verified one every 6 hours, one that needs no proof never', () => {
  const waits = (
    failures: number,
    state: 'DnsNotVerified' | 'Verified' | 'NotRequired',
    proof: 'txt' | null,
  ) => nextCheckAt({ state, failures }, proof, 0, () => 0.5);
  expect([0, 1, 2, 8, 100].map((failures) => waits(failures, 'DnsNotVerified', null))).toEqual([
    5000, 10_000, 20_000, 1_200_000, 1_200_000,
  ]);
  expect(waits(3, 'DnsNotVerified', 'txt')).toBe(21_600_000);
  expect(waits(1, 'Verified', null)).toBe(1_200_000);
  expect(waits(0, 'NotRequired', null)).toBeNull();
  expect(nextCheckAt({ state: 'Verified', failures: 0 }, 'txt', 0, () => 0)).toBe(19_440_000);
});
