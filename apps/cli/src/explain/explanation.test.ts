import type { Evaluation, RequestAnswer } from '@postern/admission';
import { expect, test } from 'vitest';
import type { KnownRoute } from '../route/known-route.ts';
import { explanationOf } from './explanation.ts';

const refused: Evaluation = {
  ...{
    verdict: 'refuse',
    reason: 'certificate_expired',
    detail: 'd',
    refusedAt: 'handshake',
    remedy: 'renew',
  },
  ...{ checks: [], matchers: [], matchedBy: null, names: null, path: [], anchor: null, validUntil: 1 },
};
const knownAs = (clientCertificate: object) =>
  ({ name: 'shop', caNames: new Map(), document: { clientCertificate } }) as unknown as KnownRoute;
const known = knownAs({ observe: true });
const rule = { name: null, prefix: '/', service: 's', enableWebsockets: false };
const request = { serverName: 'a.example', target: '/' };

test('whom a route only observes is admitted, and told what would refuse them', () => {
  const answer = { kind: 'service', rule, needs: [] } as const;
  expect(explanationOf(known, request, { answer, client: refused, rule }, 5)).toMatchObject({
    ...{ verdict: 'admit', reason: null, remedy: null, refusedAt: null, validUntil: null },
    observed: { reason: 'certificate_expired', detail: 'd', remedy: 'renew' },
  });
});

test('a refusal stays one where the edge refuses', () => {
  const answer = { kind: 'handshake', reason: 'certificate_expired', detail: 'd' } as const;
  const explanation = explanationOf(known, request, { answer, client: refused, rule }, 5);
  expect(explanation).toMatchObject({ verdict: 'refuse', reason: 'certificate_expired', observed: null });
});

test('a host that is not served refuses with the reason of its route', () => {
  const answer = { kind: 'closed', reason: 'certificate_pending', detail: 'd' } as const;
  expect(explanationOf(known, request, { answer, client: null, rule: null }, 5)).toMatchObject({
    ...{ verdict: 'refuse', reason: 'certificate_pending', rule: null },
  });
});

const boss = { exact: 'boss' };
const tried = { hasSuffix: 'ne', observe: true as const };
const names = { commonNames: ['jane'], dnsNames: [] };
const allowed = { matcher: tried, name: 'jane' };
const admitted: Evaluation = {
  ...{ verdict: 'admit', reason: null, detail: 'd', refusedAt: null, remedy: null },
  ...{ checks: [], matchers: [], matchedBy: null, names, path: [], anchor: null, validUntil: 1 },
};
const ruleWith = (...subjectMatches: object[]) => ({ ...rule, clientCertificate: { subjectMatches } });
const would = { verdict: 'refuse', reason: 'subject_not_allowed', detail: 'w' } as const;
const notAllowed: Evaluation = {
  ...{ ...admitted, verdict: 'refuse', reason: 'subject_not_allowed', refusedAt: 'request', remedy: 'r' },
  observed: { verdict: 'admit', matchedBy: allowed },
};

test.each([
  ['the host', { ...admitted, observed: would }, rule],
  ['the rule', admitted, ruleWith({ ...boss, observe: true })],
])(
  'whom observed matchers of %s do not hit is admitted, and told what would refuse them',
  (_, client, of) => {
    const answer = { kind: 'service', rule: of, needs: [] } as const;
    expect(explanationOf(known, request, { answer, client, rule: of }, 5)).toMatchObject({
      ...{ verdict: 'admit', reason: null, remedy: null, observedMatch: null },
      observed: { reason: 'subject_not_allowed' },
    });
  },
);

test.each([
  ['of the host hits', notAllowed, rule, allowed],
  ['of the rule hits', admitted, ruleWith(boss, tried), allowed],
  ['of the host hits, but none of the rule', notAllowed, ruleWith(boss), null],
  ['of the rule hits, but none of the host', { ...notAllowed, observed: undefined }, ruleWith(tried), null],
  ['of both hits', notAllowed, ruleWith(boss, tried), allowed],
])(
  'a refused client of whom an observed matcher %s is told so where enforcing it would admit them',
  (...row) => {
    const [, client, of, observedMatch] = row as [string, Evaluation, typeof rule, unknown];
    const answer: RequestAnswer = {
      ...({ kind: 'problem', code: 'client_certificate_refused' } as const),
      ...{ status: 403, detail: 'd' },
    };
    expect(explanationOf(known, request, { answer, client, rule: of }, 5)).toMatchObject({
      ...{ verdict: 'refuse', reason: 'subject_not_allowed', observed: null, observedMatch },
    });
  },
);
