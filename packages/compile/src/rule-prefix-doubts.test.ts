import { routeDescriptor } from '@postern/contracts';
import { expect, test } from 'vitest';
import { checkDescriptor } from './check-descriptor.ts';

const findingsOf = (...rules: readonly (readonly [prefix: string, ca?: string])[]) =>
  checkDescriptor(
    routeDescriptor.parse({
      host: 'a.example.org',
      routes: rules.map(([prefix, name]) => ({
        prefix,
        route: { service: 'echo' },
        ...(name === undefined ? {} : { clientCertificate: { ca: { name } } }),
      })),
    }),
  ).filter(({ code }) => code === 'rule_demand_slash');

test('a demand below "/partners/" that "/partners" does not meet is a warning with the prefix to write', () => {
  expect(findingsOf(['/'], ['/partners/', 'b'])).toMatchObject([
    { severity: 'warning', pointer: '/routes/1/prefix', hint: 'write "/partners"' },
  ]);
  expect(findingsOf(['/', 'a'], ['/partners/', 'b'])).toHaveLength(1);
  expect(findingsOf(['/'], ['/partners', 'b'])).toEqual([]);
  // Both alike, nothing else to go by, or nothing demanded.
  expect(findingsOf(['/'], ['/partners', 'b'], ['/partners/', 'b'])).toEqual([]);
  expect(findingsOf(['/partners/', 'b'])).toEqual([]);
  expect(findingsOf(['/', 'b'], ['/public/'])).toEqual([]);
});
