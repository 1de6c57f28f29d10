import type { RouteResource } from '@postern/contracts';
import { expect, test } from 'vitest';
import { describeRoute } from './describe-route.ts';

const AT = '2026-11-22T00:00:00.000Z';
const WHY =
  'certificate pending since 2026-11-22T00:00:00.000Z: a name cannot be resolved: nameserver 192.0.2.53 says SERVFAIL';
const condition = (type: string, status: boolean, reason: string, message: string) => ({
  ...{ type, status, reason, message, lastTransitionAt: AT },
});
const route = {
  ...{ id: '1', name: 'shop', project: 'default', version: 1, labels: {}, createdAt: AT, updatedAt: AT },
  spec: {
    host: 'shop.example.org',
    tls: { clientValidationCa: { name: 'partners', mode: 'observe' } },
    routes: [{ prefix: '/a-rather-long-prefix/of/a/shop', route: { service: 'a-long-name-of-a-service' } }],
  },
  status: {
    ...{ ready: false, reason: 'CertificatePending', message: WHY, lastTransitionAt: AT, revision: 1 },
    url: 'https://shop.example.org',
    conditions: [
      condition('HostValidation', true, 'NotRequired', 'no proof is asked for'),
      condition('Certificate', false, 'DnsUnresolvable', WHY),
      condition('Ready', false, 'CertificatePending', WHY),
    ],
  },
  findings: [],
} as unknown as RouteResource;
const linesOn = (columns: number, terminal = true) =>
  describeRoute(route, { terminal, columns, colour: false, wide: false }).split('\n');

test.each([40, 80])(
  'on a terminal of %s columns no line is longer, and every message is there',
  (columns) => {
    const lines = linesOn(columns);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    const text = lines.join(' ').replace(/\s+/g, ' ');
    expect(text.split(WHY)).toHaveLength(3);
    expect(text).toContain('no: everybody is let in, and who would be refused is recorded');
  },
);

test('where it fits, and in a pipe, each condition is one line', () => {
  const wide = linesOn(200).find((line) => line.startsWith('Ready'));
  expect(wide).toMatch(new RegExp(`^Ready +false +${AT} +CertificatePending +${WHY}$`));
  expect(linesOn(Number.POSITIVE_INFINITY, false)).toContain(
    `Ready\tfalse\t${AT}\tCertificatePending\t${WHY}`,
  );
});
