import type { HostDocument, SubjectMatcher } from '@postern/contracts';
import { expect, test } from 'vitest';
import { CA_EXTENSIONS, forgeCertificate, newKey } from '../testing/forge-certificate.ts';
import { readAnchors } from './path/path-node.ts';
import { compareHosts } from './replay-client.ts';

const NOW = Date.now();
const key = newKey();
const ca = forgeCertificate({ subject: 'CA', issuer: 'CA', key, issuerKey: key, extensions: CA_EXTENSIONS });
const leafOf = (subject: string, issuerKey = key) =>
  forgeCertificate({ subject, issuer: 'CA', key: newKey(), issuerKey, notAfter: NOW + 86_400_000 });
const sources = {
  bundles: new Map([['b', { name: 'b', contentHash: 'b', anchors: readAnchors([ca]) }]]),
  revocations: null,
  lists: [],
};
const rule = (prefix: string, ...matchers: SubjectMatcher[]) => ({
  ...{ name: null, prefix, service: 's', enableWebsockets: false },
  ...(matchers.length === 0 ? {} : { clientCertificate: { subjectMatches: matchers } }),
});

function hostOf(subjectMatches: SubjectMatcher[] | null, rules = [rule('/')], more: object = {}) {
  const document: HostDocument = {
    ...{ host: '*.acme.org', project: 'p', route: 'r', closed: null, certificate: null },
    clientCertificate: { mode: 'require', trustBundle: 'b', subjectMatches },
    ...{ httpBasic: null, cors: null, rules, services: {} },
    ...more,
  };
  return { document, sources };
}
const sidesOf = (changes: ReturnType<ReturnType<typeof compareHosts>>) =>
  changes.map(({ path, now, next }) => [path, now.reason, next.reason]);

test('who changes sides is told, with both verdicts; who does not is not', () => {
  const compare = compareHosts(hostOf(null), hostOf([{ exact: 'jane' }]));
  expect(compare([leafOf('jane')], NOW)).toEqual([]);
  expect(compare([leafOf('eve')], NOW)).toMatchObject([
    {
      path: null,
      now: { verdict: 'admit', reason: null },
      next: { verdict: 'refuse', reason: 'subject_not_allowed', detail: expect.stringContaining('eve') },
    },
  ]);
  // Refused by both, for different reasons or for one, is the same side.
  expect(compare([], NOW)).toEqual([]);
  expect(compare([leafOf('jane', newKey())], NOW)).toEqual([]);
  expect(compare([Buffer.from('junk')], NOW)).toEqual([]);
});

test('a host that stops asking admits also who shows nothing; one that is closed refuses everybody', () => {
  const open = hostOf(null, [rule('/')], { clientCertificate: null });
  expect(sidesOf(compareHosts(hostOf(null), open)([], NOW))).toEqual([[null, 'certificate_missing', null]]);
  const closed = hostOf(null, [], { closed: { reason: 'reference_missing', message: 'm' } });
  expect(sidesOf(compareHosts(hostOf(null), closed)([leafOf('jane')], NOW))).toEqual([
    [null, null, 'reference_missing'],
  ]);
});

test('where only some paths change, these are told', () => {
  const before = hostOf(null, [rule('/admin'), rule('/')]);
  const after = hostOf(null, [
    rule('/admin', { exact: 'root' }),
    rule('/more', { exact: 'root' }),
    rule('/'),
  ]);
  const compare = compareHosts(before, after);
  // Both demand the same, so one of them stands for both.
  expect(sidesOf(compare([leafOf('jane')], NOW))).toEqual([['/admin', null, 'subject_not_allowed']]);
  expect(compare([leafOf('root')], NOW)).toEqual([]);
});

test('observed matchers change nobody, and enforcing them whom they said', () => {
  const jane = { exact: 'jane' };
  const observed = hostOf([{ ...jane, observe: true }]);
  expect(compareHosts(hostOf(null), observed)([leafOf('eve')], NOW)).toEqual([]);
  expect(sidesOf(compareHosts(observed, hostOf([jane]))([leafOf('eve')], NOW))).toEqual([
    [null, null, 'subject_not_allowed'],
  ]);
});
