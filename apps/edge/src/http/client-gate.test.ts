import type { TLSSocket } from 'node:tls';
import type { HostDocument, Hostname } from '@postern/contracts';
import { expect, test } from 'vitest';
import { type Connection, ConnectionUse, type ServedHost } from '../connection.ts';
import { evaluationOf } from '../testing/evaluation-of.ts';
import { hostDocumentOf } from '../testing/feed-documents.ts';
import { ClientGate } from './client-gate.ts';

const HOST = 'a.example.org';
const policy = (mode: 'request' | 'require', observe?: true) => ({
  ...{ mode, trustBundle: mode === 'request' ? null : 'ca', subjectMatches: null },
  ...(observe === undefined ? {} : { observe }),
});

/** What the gate makes of a connection without a known client before its request is read: the host, or undefined. */
function isServed(clientCertificate: HostDocument['clientCertificate'], presented: Connection['presented']) {
  const document = hostDocumentOf(HOST, { clientCertificate });
  const judge = () => evaluationOf({ verdict: 'refuse', reason: 'certificate_untrusted' });
  const served: ServedHost = {
    ...{ document, revision: 1, policyVersion: 'v', hasRuleCas: clientCertificate?.mode === 'request' },
    ...{ evaluate: judge, evaluateForRule: judge },
    judgeRule: () => ({ verdict: 'admit', validUntil: 0, matchedBy: null }),
  };
  const connection: Connection = {
    ...{
      id: 'c',
      socket: {} as TLSSocket,
      protocol: 'h2',
      sni: HOST as Hostname,
      clientAddress: '127.0.0.1',
    },
    ...{ clientPort: 1, tlsVersion: 'TLSv1.3', tlsCipher: '', client: null, presented },
    use: new ConnectionUse(),
  };
  const ledger = { see: () => {}, refuse: () => ({ id: null, nth: 1, delayMs: 0 }) };
  const gate = new ClientGate(connection, { hosts: { get: () => served }, ledger });
  return gate.servedHost(0) === served;
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
