import type { HostDocument } from '@postern/contracts';
import { expect, test, vi } from 'vitest';
import type { Connection, ServedHost } from '../connection.ts';
import type { RefusalInput } from '../ledger/refusal-recorder.ts';
import { evaluationOf } from '../testing/evaluation-of.ts';
import { noteEnded } from './note-ended.ts';
import { noteUsedRule } from './used-rules.ts';

const RULE = { name: 'inner', prefix: '/inner', service: 's', enableWebsockets: false };
const names = { commonNames: ['jane'], dnsNames: [] };
const client = {
  fingerprint: 'f',
  names,
  presented: { chain: [Buffer.from('leaf')], openssl: { good: true } },
};

function hostOf(evaluation: object, refusesRule = false): ServedHost {
  const document = { host: 'a.example', rules: [RULE] } as unknown as HostDocument;
  return {
    ...{ document, revision: 7, policyVersion: 'v' },
    evaluate: () => evaluationOf({ names, ...evaluation }),
    judgeRule: () =>
      refusesRule
        ? { verdict: 'refuse', reason: 'subject_not_allowed', detail: 'd' }
        : { verdict: 'admit', validUntil: 1, matchedBy: null },
  } as unknown as ServedHost;
}

function noted(connection: object, host: ServedHost | undefined): Partial<RefusalInput> | undefined {
  const refuse = vi.fn((_: RefusalInput) => ({ id: null, nth: 1, delayMs: 0 }));
  noteEnded({ refuse }, connection as Connection, host);
  return refuse.mock.calls[0]?.[0];
}

test('an ended connection is recorded with the new verdict on its client, as one that had been let in', () => {
  const verdict = { verdict: 'refuse', reason: 'certificate_revoked', detail: 'since yesterday' };
  expect(noted({ client, sni: 'a.example' }, hostOf(verdict))).toMatchObject({
    ...{ reason: 'certificate_revoked', detail: 'since yesterday', rule: null, phase: 'connection' },
    ...{ revision: 7, fingerprint: 'f', chain: client.presented.chain, sni: 'a.example' },
  });
});

test('a rule that refuses now is named, where the connection has used it', () => {
  const connection = { client };
  expect(noted(connection, hostOf({}, true))).toBeUndefined();
  noteUsedRule(connection as unknown as Connection, RULE);
  expect(noted(connection, hostOf({}, true))).toMatchObject({ reason: 'subject_not_allowed', rule: 'inner' });
});

test('a connection that was never asked, on a host that asks now, is one without a certificate', () => {
  expect(noted({ client: null }, hostOf({}))).toMatchObject({
    ...{ reason: 'certificate_missing', fingerprint: null, chain: [] },
  });
});

test('a host that is not served any more refuses no client', () => {
  expect(noted({ client }, undefined)).toBeUndefined();
});
