import { rootCertificates } from 'node:tls';
import { routeDescriptor } from '@postern/contracts';
import { expect, test } from 'vitest';
import { clientCaDoubts } from './client-ca-doubts.ts';

const own = { exact: 'a.acme.org' };
const pointersOf = (subjectMatches?: object[], ofRule?: object) => {
  const descriptor = routeDescriptor.parse({
    host: 'a.localhost',
    tls: { clientValidationCa: { name: 'web' } },
    ...(subjectMatches === undefined ? {} : { validation: { clientCertificate: { subjectMatches } } }),
    routes: [
      {
        ...{ prefix: '/', route: { service: 'echo' } },
        ...(ofRule === undefined ? {} : { clientCertificate: ofRule }),
      },
    ],
  });
  const doubts = clientCaDoubts(descriptor, (name) => (name === 'web' ? rootCertificates[0] : undefined));
  return doubts.map(({ pointer }) => pointer);
};

test('a CA of the public web is warned of where no name is demanded yet, of the route and of a rule', () => {
  const ofRoute = '/tls/clientValidationCa/name';
  expect(pointersOf()).toEqual([ofRoute]);
  expect(pointersOf([own])).toEqual([]);
  expect(pointersOf([{ ...own, observe: true }])).toEqual([ofRoute]);
  const ca = { name: 'web' };
  expect(pointersOf(undefined, { ca })).toEqual([ofRoute, '/routes/0/clientCertificate/ca/name']);
  expect(pointersOf(undefined, { ca, subjectMatches: [own] })).toEqual([ofRoute]);
  expect(pointersOf(undefined, { ca: { name: 'not-known' } })).toEqual([ofRoute]);
});
