import type { TLSSocket } from 'node:tls';
import type { Evaluation } from '@postern/admission';
import type { HostDocument, Hostname } from '@postern/contracts';
import { expect, test } from 'vitest';
import {
  type ClientIdentity,
  type Connection,
  ConnectionUse,
  type HostTable,
  type ServedHost,
} from '../connection.ts';
import { LEDGER_LIMITS } from '../ledger/ledger-limits.ts';
import { evaluationOf } from '../testing/evaluation-of.ts';
import { hostDocumentOf } from '../testing/feed-documents.ts';
import { ClientGate } from './client-gate.ts';

const HOST = 'a.example.org';
const policy = (mode: 'request' | 'require', observe?: true) => ({
  ...{ mode, trustBundle: mode === 'request' ? null : 'ca', subjectMatches: null },
  ...(observe === undefined ? {} : { observe }),
});

/** A host that makes the same of every client. */
function serving(clientCertificate: HostDocument['clientCertificate'], evaluation: Evaluation): ServedHost {
  const document = hostDocumentOf(HOST, { clientCertificate });
  return {
    ...{ document, revision: 1, policyVersion: 'v', hasRuleCas: clientCertificate?.mode === 'request' },
    ...{ evaluate: () => evaluation, evaluateForRule: () => evaluation },
    judgeRule: () => ({ verdict: 'admit', validUntil: 0, matchedBy: null }),
  };
}

function gateOf(
  { client, presented }: Pick<Connection, 'client' | 'presented'>,
  hosts: HostTable,
  see: () => void = () => {},
): ClientGate {
  const connection: Connection = {
    ...{
      id: 'c',
      socket: {} as TLSSocket,
      protocol: 'h2',
      sni: HOST as Hostname,
      clientAddress: '127.0.0.1',
    },
    ...{ clientPort: 1, tlsVersion: 'TLSv1.3', tlsCipher: '', client, presented },
    use: new ConnectionUse(),
  };
  const ledger = { see, refuse: () => ({ id: null, nth: 1, delayMs: 0 }) };
  return new ClientGate(connection, { hosts, ledger });
}

/** What the gate makes of a connection without a known client before its request is read: the host, or undefined. */
function isServed(clientCertificate: HostDocument['clientCertificate'], presented: Connection['presented']) {
  const served = serving(
    clientCertificate,
    evaluationOf({ verdict: 'refuse', reason: 'certificate_untrusted' }),
  );
  return gateOf({ client: null, presented }, { changes: 0, get: () => served }).servedHost(0) === served;
}

test('whom nobody asked, or who was let in unknown, is served only where that is still enough', () => {
  const shown = { chain: [], openssl: { good: true } } as const;
  expect(isServed(null, null)).toBe(true);
  // Until the registry ends it: a new handshake has to ask.
  expect(isServed(policy('request'), null)).toBe(false);
  expect(isServed(policy('require'), null)).toBe(false);
  expect(isServed(policy('require'), shown)).toBe(false);
  expect(isServed(policy('request'), shown)).toBe(true);
  expect(isServed(policy('require', true), shown)).toBe(true);
});

test('the host is looked up again when the table has changed, and as long as there is none; not with each request', () => {
  const served = [serving(null, evaluationOf({})), undefined, serving(null, evaluationOf({}))];
  let looks = 0;
  const hosts = { changes: 0, get: () => served[looks++] };
  const gate = gateOf({ client: null, presented: null }, hosts);
  const ask = () => [gate.servedHost(0), looks];
  expect([ask(), ask()]).toEqual([
    [served[0], 1],
    [served[0], 1],
  ]);
  hosts.changes += 1;
  expect([ask(), ask()]).toEqual([
    [undefined, 2],
    [served[2], 3],
  ]);
});

test('what a host made of a client is not what the host in its place makes of it, on the same connection', () => {
  const presented = { chain: [], openssl: { good: true } } as const;
  const client = { presented, names: {} } as unknown as ClientIdentity;
  const admits = evaluationOf({ verdict: 'admit', reason: null });
  const refuses = evaluationOf({ verdict: 'refuse', reason: 'subject_not_allowed', refusedAt: 'request' });
  // The connection as a whole, and by what a rule demands.
  for (const mode of ['require', 'request'] as const) {
    let served = serving(policy(mode), admits);
    const hosts = { changes: 0, get: () => served };
    const gate = gateOf({ client, presented }, hosts);
    const admit = () => gate.admit(served, null, 0);
    for (const [evaluation, isAdmitted] of [
      [admits, true],
      [refuses, false],
      [admits, true],
    ] as const) {
      served = serving(policy(mode), evaluation);
      hosts.changes += 1;
      expect(gate.servedHost(0)).toBe(served);
      if (isAdmitted) expect(admit).not.toThrow();
      else expect(admit).toThrow(expect.objectContaining({ reason: 'subject_not_allowed' }));
    }
  }
});

test('what was made of a client holds to its end and for no other rule, and is told once a minute', () => {
  const presented = { chain: [], openssl: { good: true } } as const;
  const client = { presented, names: {} } as unknown as ClientIdentity;
  const leaf = { der: Buffer.alloc(0), fingerprint: 'f' } as Evaluation['path'][number];
  // In the middle of a minute that has been told.
  const endsAt = 2.5 * LEDGER_LIMITS.foldMs;
  const served: ServedHost = {
    ...serving(policy('require'), evaluationOf({ verdict: 'admit', path: [leaf], validUntil: endsAt })),
    judgeRule: ({ prefix }, { validUntil }) =>
      prefix === '/'
        ? { verdict: 'admit', validUntil, matchedBy: null }
        : { verdict: 'refuse', reason: 'subject_not_allowed', detail: '' },
  };
  let told = 0;
  const gate = gateOf({ client, presented }, { changes: 0, get: () => served }, () => {
    told += 1;
  });
  const [open, narrow] = ['/', '/narrow'].map((prefix) => ({
    ...{ name: null, prefix, service: 's', enableWebsockets: false },
  }));
  if (open === undefined || narrow === undefined) throw new Error('unreachable');
  const ask = (at: number, rule: typeof open) => {
    if (gate.servedHost(at) === undefined) return 'ended';
    gate.admitByRule(gate.admit(served, null, at), served, rule, at);
    return told;
  };
  const first = LEDGER_LIMITS.foldMs;
  expect([ask(first, open), ask(first, open), ask(2 * first - 1, open)]).toEqual([1, 1, 1]);
  expect(() => ask(first, narrow)).toThrow(expect.objectContaining({ reason: 'subject_not_allowed' }));
  expect([ask(first, open), ask(2 * first, open), ask(endsAt - 1, open)]).toEqual([1, 2, 2]);
  expect(ask(endsAt, open)).toBe('ended');
});

test('a rule that admitted a client is asked again when the host has changed', () => {
  const presented = { chain: [], openssl: { good: true } } as const;
  const client = { presented, names: {} } as unknown as ClientIdentity;
  const rule = { name: null, prefix: '/', service: 's', enableWebsockets: false };
  const admitting: ServedHost = {
    ...serving(policy('require'), evaluationOf({ verdict: 'admit', reason: null })),
    judgeRule: (_, { validUntil }) => ({ verdict: 'admit', validUntil, matchedBy: null }),
  };
  const refusing: ServedHost = {
    ...admitting,
    judgeRule: () => ({ verdict: 'refuse', reason: 'subject_not_allowed', detail: '' }),
  };
  let served = admitting;
  const hosts = { changes: 0, get: () => served };
  const gate = gateOf({ client, presented }, hosts);
  const ask = () => gate.admitByRule(gate.admit(served, null, 1), served, rule, 1);
  ask();
  ask();
  served = refusing;
  hosts.changes += 1;
  expect(gate.servedHost(1)).toBe(refusing);
  expect(ask).toThrow(expect.objectContaining({ reason: 'subject_not_allowed' }));
});
