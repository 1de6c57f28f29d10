import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hostname } from '@postern/contracts';
import { createLocalAuthority, issueServerCertificate, newEdgeKeyPair } from '@postern/pki';
import { expect, test } from 'vitest';
import { startTestApi } from './testing/test-api.ts';

test('secret values and tokens are in no answer, no log line and no byte of the database', async () => {
  await using api = await startTestApi();
  const authority = await createLocalAuthority({ name: 'CA', now: Date.now() });
  const site = await issueServerCertificate({ authority, host: 'a.localhost' as Hostname, now: Date.now() });
  const canary = 'canary-7f3a9c51d2e84b60';
  const canary64 = Buffer.from(canary).toString('base64');
  const key64 = site.keyPem.split('\n')[1] ?? '';
  const keyBytes = Buffer.from(site.keyPem.replaceAll(/-----.*-----|\n/g, ''), 'base64').subarray(36, 68);
  const answers: string[] = [];
  const put = async (name: string, secret: object) => {
    const { text, headers } = await api.call('PUT', `secrets/${name}`, { body: { secret } });
    answers.push(text, JSON.stringify([...headers]));
  };

  await put('text', { type: 'generic', data: { value: canary64 } });
  await put('hmac', { type: 'symmetric', secretKey: canary64 });
  await put('site', { type: 'tls', cert: site.chainPem, key: site.keyPem });
  await put('signing', { type: 'asymmetric', privateKey: site.keyPem });
  // What is refused must not come back in the refusal either.
  await put('bad-ca', { type: 'tls-ca', cert: `${authority.certPem}${site.keyPem}` });
  await put('bad-pem', { type: 'tls', cert: site.chainPem, key: `${canary}\n${site.keyPem.slice(0, 90)}` });
  await put('bad-type', { type: canary, secretKey: canary64 });
  await put('bad-key', { type: 'symmetric', secretKey: `${canary64}!` });
  const rawBody = `{"secret":{"type":"symmetric","secretKey":"${canary64}" "x"}}`;
  answers.push((await api.call('PUT', 'secrets/broken', { rawBody })).text);
  for (const path of [
    'secrets',
    'secrets/text',
    'secrets/hmac',
    'secrets/site',
    'secrets/signing',
    'routes',
  ]) {
    answers.push((await api.call('GET', path)).text);
  }
  await api.call('GET', 'secrets', { token: `postern_${canary}` });
  const feed = await fetch(`${api.url}/v1/feed?edge=e`, {
    headers: { authorization: `Bearer ${api.edgeToken}`, 'postern-edge-key': newEdgeKeyPair().publicKey },
  });
  const reader = feed.body?.getReader();
  for (let text = ''; !text.includes('synced'); answers.push(text)) {
    text += Buffer.from((await reader?.read())?.value ?? []).toString();
  }
  await reader?.cancel();

  const texts = { answers: answers.join('\n'), log: api.readLog() };
  const data = join(api.directory, 'data');
  const database = Buffer.concat(
    readdirSync(data)
      .filter((name) => name.startsWith('postern.db'))
      .map((name) => readFileSync(join(data, name))),
  );
  const hidden = [
    canary,
    canary64,
    key64,
    api.adminToken,
    api.edgeToken,
    api.data.masterKey.toString('base64'),
  ];
  for (const needle of hidden) {
    expect(texts.answers).not.toContain(needle);
    expect(texts.log).not.toContain(needle);
    expect(database.includes(needle)).toBe(false);
  }
  expect(database.includes(keyBytes)).toBe(false);
  expect(database.includes(api.data.masterKey)).toBe(false);
  expect(texts.log.toLowerCase()).not.toContain('bearer');
});
