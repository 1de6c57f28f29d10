import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { refuseMisspeltSettings } from './env.ts';
import { SETTING_NAMES } from './setting-names.ts';

test('the names are those of docs/settings.md', () => {
  const page = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('## Variables'), page.indexOf('## Contexts'));
  const documented = table
    .split('\n')
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(POSTERN_[A-Z0-9_]+)`/g)])
    .map(([, name]) => name);
  expect(SETTING_NAMES).toEqual(documented);
});

test('a misspelt variable ends the start: what it was meant to demand would not be demanded', async () => {
  await expect(refuseMisspeltSettings({ POSTERN_TLS_MIN_VERSON: '1.3' })).rejects.toMatchObject({
    code: 'validation_failed',
    detail: 'POSTERN_TLS_MIN_VERSON is no setting: did you mean POSTERN_TLS_MIN_VERSION?',
  });
  // What others put beside ours: Kubernetes for a service called postern, our own tests.
  await refuseMisspeltSettings({
    POSTERN_PORT_8443_TCP_ADDR: 'x',
    POSTERN_SERVICE_HOST: 'x',
    POSTERN_URL: 'x',
  });
  await refuseMisspeltSettings({ POSTERN_TLS_MIN_VERSON: '', POSTERN_LONG_TESTS: '1', PATH: 'x' });
});
