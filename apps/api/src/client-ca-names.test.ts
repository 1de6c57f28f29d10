import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-ca-names-'));
  const units = Array.from({ length: 60 }, (_, index) => `/OU=${'x'.repeat(60)}${index}`).join('');
  const script = `openssl ecparam -name prime256v1 -genkey -noout -out key.pem
    for ca in $(seq 1 14); do openssl req -x509 -key key.pem -days 9 -subj "$1/CN=$ca" -out $ca.crt; done
    openssl req -x509 -key key.pem -days 9 -subj /CN=small -out small.crt`;
  execFileSync('bash', ['-euc', script, 'bash', units], { cwd: folder, stdio: 'pipe' });
  api = await startTestApi();
  await api.call('POST', 'services', {
    body: { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } },
  });
  for (const [name, cert] of Object.entries({ first: wide(1), second: wide(8), small: pem('small') })) {
    expect((await putCa(name, cert)).status).toBe(201);
  }
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const pem = (name: string) => readFileSync(join(folder, `${name}.crt`), 'utf8');
/** Seven CAs, whose names are more than half of what fits a handshake. */
const wide = (from: number) => Array.from({ length: 7 }, (_, index) => pem(String(from + index))).join('');
const putCa = (name: string, cert: string) =>
  api.call('PUT', `secrets/${name}`, { body: { secret: { type: 'tls-ca', cert } } });

function specOf(host: string, own: object | undefined, ofRule?: string) {
  const rule = { prefix: '/', route: { service: 'echo' } };
  return {
    host,
    ...(own === undefined ? {} : { tls: { clientValidationCa: own } }),
    routes: [ofRule === undefined ? rule : { ...rule, clientCertificate: { ca: { name: ofRule } } }],
  };
}

test('client CAs whose names do not fit one handshake together are refused with the route, and with the CA that would grow', async () => {
  const create = (name: string, spec: object) => api.call('POST', 'routes', { body: { name, spec } });
  const refused = [
    [
      { pointer: '/spec/routes', spec: specOf('a.example.org', { name: 'first' }, 'second') },
      {
        pointer: '/spec/tls/clientValidationCa/next',
        spec: specOf('a.example.org', { name: 'first', next: { name: 'second' } }),
      },
    ],
  ].flat();
  for (const { pointer, spec } of refused) {
    const { status, json } = await create('a', spec);
    expect([status, json.findings]).toEqual([
      422,
      [expect.objectContaining({ code: 'ca_names_too_large', pointer })],
    ]);
  }
  expect((await create('a', specOf('a.example.org', { name: 'first' }, 'small'))).status).toBe(201);
  expect((await create('b', specOf('b.example.org', { name: 'small' }))).status).toBe(201);
  const { status, json } = await putCa('small', wide(8));
  expect([status, json.findings]).toEqual([
    422,
    [
      expect.objectContaining({
        code: 'ca_names_too_large',
        message: expect.stringContaining('route "a": the subject names'),
      }),
    ],
  ]);
  // Nothing of it is half done.
  expect((await api.call('GET', 'secrets/small')).json).toMatchObject({
    version: 1,
    details: { certificates: [{ subject: 'CN=small' }] },
  });
  await api.call('DELETE', 'routes/a');
  expect((await putCa('small', wide(8))).status).toBe(200);
});
