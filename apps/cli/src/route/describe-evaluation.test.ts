import type { Evaluation, RequestAnswer } from '@postern/admission';
import { expect, test } from 'vitest';
import { describeEvaluation } from './describe-evaluation.ts';
import type { RouteEvaluation } from './evaluate-route.ts';

const rule = { name: null, prefix: '/', service: 'shop', enableWebsockets: false };
const service: RequestAnswer = { kind: 'service', rule, needs: [] };
const refused = {
  ...{ verdict: 'refuse', reason: 'certificate_expired', detail: 'it has ended', matchedBy: null },
} as unknown as Evaluation;
const admitted = { verdict: 'admit', validUntil: 0, matchedBy: null } as unknown as Evaluation;

function clientLineOf(mode: 'observe' | 'enforce', answer: RequestAnswer, client: Evaluation): string {
  const spec = { host: 'a.example', tls: { clientValidationCa: { name: 'ca', mode } }, routes: [] };
  const known = { caNames: new Map() };
  const tested = { route: { name: 'r', spec }, known, evaluation: { answer, client, rule } };
  const text = describeEvaluation(tested as unknown as RouteEvaluation, []);
  return /^Client:? +(.*)$/m.exec(text)?.[1] ?? text;
}

test('whom a route would refuse if it did more than observe is not called refused', () => {
  expect(clientLineOf('observe', service, refused)).toBe(
    'admitted: the route only observes; it would be refused: it has ended',
  );
  expect(clientLineOf('observe', service, admitted)).toMatch(/^admitted until/);
});

test('whom the host or one of its rules refuses is', () => {
  const problem = {
    kind: 'problem',
    code: 'client_certificate_refused',
    status: 403,
    detail: 'why',
  } as const;
  expect(clientLineOf('enforce', problem, refused)).toBe('refused: why');
  expect(clientLineOf('enforce', problem, admitted)).toBe('refused: why');
});
