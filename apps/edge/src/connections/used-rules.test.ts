import type { CompiledRule } from '@postern/contracts';
import { expect, test } from 'vitest';
import { type Connection, ConnectionUse } from '../connection.ts';
import { noteUsedRule, renewUsedRules, usedRulesOf, usedUntil } from './used-rules.ts';

const ruleOf = (prefix: string): CompiledRule => ({
  name: null,
  prefix,
  service: 's',
  enableWebsockets: false,
});
const connectionOf = (): Connection => ({ use: new ConnectionUse() }) as unknown as Connection;

test('each rule is noted with what it admitted by last', () => {
  const connection = connectionOf();
  const [one, other] = [ruleOf('/one'), ruleOf('/other')];
  for (const rule of [one, one, other, one]) noteUsedRule(connection, rule, 2_000);
  noteUsedRule(connection, other, 1_000);
  expect([...usedRulesOf(connection).keys()]).toEqual(['/one', '/other']);
  expect(usedUntil(connection)).toBe(1_000);
  noteUsedRule(connection, { ...other, clientCertificate: { trustBundle: 'ca' } }, 1_000);
  expect(usedRulesOf(connection).get('/other')).toEqual({ demanded: true, validUntil: 1_000 });
});

test('what was looked at again is noted anew by the next request', () => {
  const connection = connectionOf();
  const rule = ruleOf('/');
  noteUsedRule(connection, rule, 1_000);
  renewUsedRules(connection, 2_000);
  expect(usedUntil(connection)).toBe(2_000);
  noteUsedRule(connection, rule, 1_000);
  expect(usedUntil(connection)).toBe(1_000);
});
