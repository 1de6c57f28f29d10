import { serviceSpec } from '@postern/contracts';
import { expect, test } from 'vitest';
import { checkTargets } from './check-targets.ts';

const findingsOf = (...targets: string[]) => checkTargets(serviceSpec.parse({ targets }));

test.each([
  'http://169.254.169.254',
  'http://169.254.0.1:80',
  'http://0xA9FEA9FE',
  'https://[fe80::1]:8443',
  'http://[fd00:ec2::254]',
  'http://[::ffff:169.254.169.254]',
  'http://[64:ff9b::a9fe:a9fe]',
  'http://100.100.100.200',
  'http://0.0.0.0:3000',
  'h2c://[::]:3000',
])('%s is warned of when the service is written, for every edge refuses it', (target) => {
  expect(findingsOf('http://127.0.0.1:1', target)).toMatchObject([
    { severity: 'warning', code: 'target_refused', pointer: '/targets/1', hint: expect.any(String) },
  ]);
});

test('private and loopback addresses and names are fine, whatever the names resolve to', () => {
  expect(
    findingsOf(
      'http://127.0.0.1:1',
      'http://10.0.0.1',
      'http://[::1]:1',
      'http://[fd00::1]',
      'http://cart.internal',
    ),
  ).toEqual([]);
});

test('a target with a weight is found where its URL stands', () => {
  const spec = serviceSpec.parse({ targets: [{ url: 'http://169.254.169.254', weight: 2 }] });
  expect(checkTargets(spec)).toMatchObject([{ pointer: '/targets/0/url' }]);
});
