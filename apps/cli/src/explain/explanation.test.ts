import type { Evaluation } from '@postern/admission';
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
const known = { name: 'shop', caNames: new Map<string, string>() } as unknown as KnownRoute;
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
