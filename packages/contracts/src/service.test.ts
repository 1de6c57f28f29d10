import { expect, test } from 'vitest';
import { documentFormatOf } from './document-formats.ts';
import { parseWith } from './findings.ts';
import { serviceSpec } from './service.ts';
import { parseTargetUrl } from './target.ts';
import { targetName } from './target-name.ts';

const http = { http: { path: '/healthz' } };

test('targets are URLs or {url, weight}, and come out as they were written', () => {
  const spec = {
    targets: ['http://a:1', { url: 'http://b:1', weight: 3 }, { url: 'http://c:1' }],
    healthCheck: { http: { path: '/healthz?deep=1', statuses: [200, 204], host: 'a' }, intervalMs: 1000 },
  };
  const parsed = parseWith(serviceSpec, spec);
  expect(parsed).toEqual({ ok: true, value: spec });
  expect(JSON.stringify(parsed.ok && parsed.value)).toBe(JSON.stringify(spec));
});

test.each<[string, object, string, string]>([
  ['a target with a path', { targets: ['http://a/b'] }, '/targets/0', 'a target has no path'],
  ['the same with a weight', { targets: [{ url: 'http://a/b', weight: 2 }] }, '/targets/0/url', 'no path'],
  ['a target that is a number', { targets: [5] }, '/targets/0', 'or {url, weight}'],
  ['a misspelt weight', { targets: [{ url: 'http://a', wieght: 2 }] }, '/targets/0/wieght', 'unknown key'],
  ['a weight that is a text', { targets: [{ url: 'http://a', weight: '2' }] }, '/targets/0/weight', 'number'],
  ['a weight of nothing', { targets: [{ url: 'http://a', weight: 0 }] }, '/targets/0/weight', '1'],
  ['a target without a URL', { targets: [{ weight: 1 }] }, '/targets/0/url', 'missing'],
  ['a check without a way', { healthCheck: {} }, '/healthCheck', 'exactly one of http, grpc and tcp'],
  ['a check of two ways', { healthCheck: { ...http, tcp: {} } }, '/healthCheck', 'exactly one'],
  ['a path without a slash', { healthCheck: { http: { path: 'x' } } }, '/healthCheck/http/path', 'begins'],
  ['a path of two lines', { healthCheck: { http: { path: '/\r\nx' } } }, '/healthCheck/http/path', 'begins'],
  [
    'a host of two lines',
    { healthCheck: { http: { path: '/', host: 'a\nb' } } },
    '/healthCheck/http/host',
    'printable',
  ],
  ['checks all the time', { healthCheck: { ...http, intervalMs: 1 } }, '/healthCheck/intervalMs', '500'],
  [
    'a check longer than its interval',
    { healthCheck: { ...http, intervalMs: 1000, timeoutMs: 1001 } },
    '/healthCheck/timeoutMs',
    'at most intervalMs (1000)',
  ],
  ['gRPC over http://', { healthCheck: { grpc: {} } }, '/healthCheck/grpc', 'targets[0]'],
])('%s is refused, at its place', (_title, change, pointer, words) => {
  const parsed = parseWith(serviceSpec, { targets: ['http://a:1'], ...change });
  const findings = parsed.ok ? [] : parsed.findings;
  expect(findings).toMatchObject([{ severity: 'error', pointer }]);
  expect(findings[0]?.message).toContain(words);
});

test('a misspelt key of a weighted target gets its nearest spelling', () => {
  const parsed = parseWith(serviceSpec, { targets: [{ url: 'http://a', wieght: 2 }] });
  expect(parsed.ok ? [] : parsed.findings).toMatchObject([{ hint: 'did you mean "weight"?' }]);
});

test('only documents that use weights or health checks are of a form that older edges do not know', () => {
  const service = { targets: [{ protocol: 'http', host: 'a', port: 1 }] };
  expect(documentFormatOf({ contentHash: '' })).toBe(1);
  expect(documentFormatOf({ services: { service } })).toBe(1);
  expect(documentFormatOf({ services: { service: { ...service, healthCheck: {} } } })).toBe(2);
  expect(documentFormatOf({ services: { service: { targets: [{ port: 1, weight: 2 }] } } })).toBe(2);
});

test.each([
  ['http://a', 'http://a:80'],
  ['https://A.Test', 'https://a.test:443'],
  ['h2c://[::1]:9', 'h2c://[::1]:9'],
])('%s is told as %s', (url, name) => {
  const target = parseTargetUrl(url);
  expect(target && targetName(target)).toBe(name);
});
