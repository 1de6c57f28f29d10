import { expect, test } from 'vitest';
import { compileRuleDemands } from './rule-demands.ts';

const client = (name: string) => ({ names: { commonNames: [name], dnsNames: [] }, validUntil: 7 });

test('a rule admits only whom its own matchers hit; a rule without any admits all', () => {
  const demands = compileRuleDemands([
    { prefix: '/admin', clientCertificate: { subjectMatches: [{ exact: 'root.acme.org' }] } },
    { prefix: '/' },
  ]);
  if (!demands.ok) throw new Error('not usable');
  const verdicts = (name: string) =>
    ['/admin', '/'].map((prefix) => demands.judge({ prefix }, client(name)).verdict);
  expect(verdicts('root.acme.org')).toEqual(['admit', 'admit']);
  expect(verdicts('evil.acme.org')).toEqual(['refuse', 'admit']);
});

test('a matcher that cannot be used is told at its place, and nothing is compiled', () => {
  const demands = compileRuleDemands(
    [
      { prefix: '/' },
      { prefix: '/a', clientCertificate: { subjectMatches: [{ exact: 'a' }, { regex: '(' }] } },
    ],
    '/routes',
  );
  expect(demands.ok ? [] : demands.findings.map(({ pointer }) => pointer)).toEqual([
    '/routes/1/clientCertificate/subjectMatches/1/regex',
  ]);
});

test('expressions of many rules together keep the bound of one list', () => {
  const regex = '([a-z]{1,63}\\.){1,8}acme';
  const rules = Array.from({ length: 20 }, (_, index) => ({
    prefix: `/${index}`,
    clientCertificate: { subjectMatches: [{ regex }] },
  }));
  const codesOf = (count: number) => {
    const demands = compileRuleDemands(rules.slice(0, count), '/routes');
    return demands.ok ? [] : demands.findings.map(({ code, pointer }) => `${code} ${pointer}`);
  };
  expect(codesOf(1)).toEqual([]);
  expect(codesOf(20)).toEqual(['regex_too_complex /routes']);
});

test('a rule whose matchers are all observed demands nothing, one with an enforced matcher goes by that', () => {
  const rules = [
    { prefix: '/all', clientCertificate: { subjectMatches: [{ exact: 'root', observe: true as const }] } },
    {
      prefix: '/some',
      clientCertificate: { subjectMatches: [{ exact: 'root' }, { exact: 'jane', observe: true as const }] },
    },
  ];
  const demands = compileRuleDemands(rules);
  if (!demands.ok) throw new Error('not usable');
  const told = (prefix: string) => {
    const { verdict, observed } = demands.judge({ prefix }, client('jane'));
    return [verdict, observed?.verdict];
  };
  expect(told('/all')).toEqual(['admit', 'refuse']);
  expect(told('/some')).toEqual(['refuse', 'admit']);
});
