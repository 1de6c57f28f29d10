import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let folder: string;
const clock = { aheadMs: 0 };
const run = (script: string) => execFileSync('bash', ['-euc', script], { cwd: folder, stdio: 'pipe' });
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const makeCa = (name: string, usage = 'keyCertSign,cRLSign') =>
  run(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -out ${name}.crt -days 9 \
    -subj '/CN=${name}' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,${usage}`);
/** A list in PEM. */
const makeList = (name: string, more = ''): string => {
  run(`openssl ca -config ca.cnf -gencrl -cert ${name}.crt -keyfile ${name}.key ${more} -out list.pem`);
  return read('list.pem');
};

beforeAll(async () => {
  api = await startTestApi({ now: () => Date.now() + clock.aheadMs });
  folder = mkdtempSync(join(tmpdir(), 'postern-crl-'));
  writeFileSync(
    join(folder, 'ca.cnf'),
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=7\n[delta]\n2.5.29.27=critical,DER:020101\n',
  );
  run('touch index.txt; echo 1A > crlnumber');
  makeCa('acme');
  makeCa('other');
  makeCa('mute', 'keyCertSign');
  for (const name of ['acme', 'mute']) {
    const secret = { type: 'tls-ca', cert: read(`${name}.crt`) };
    expect((await api.call('PUT', `secrets/${name}`, { body: { secret } })).status).toBe(201);
  }
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const put = (crl: string, more: object = {}, name = 'list') =>
  api.call('PUT', `secrets/${name}`, {
    body: { secret: { type: 'crl', ca: { name: 'acme' }, crl, ...more } },
  });

test('a list is stored, shown, told to the hosts of its CA, and holds its CA in place until it is deleted', async () => {
  await api.call('POST', 'services', { body: { name: 'echo', spec: { targets: ['http://127.0.0.1:1'] } } });
  const spec = specOf('a.localhost', 'echo', { tls: { clientValidationCa: { name: 'acme' } } });
  await api.call('POST', 'routes', { body: { name: 'a', spec } });
  await api.call('POST', 'routes', { body: { name: 'b', spec: specOf('b.localhost') } });
  const { status, json } = await put(makeList('acme'), { policy: 'soft' });
  expect(status).toBe(201);
  expect(json.details).toMatchObject({
    keys: ['crl'],
    crl: { ca: 'acme', policy: 'soft', issuer: 'CN=acme', number: '1a', entries: 0 },
  });
  const crlsOf = async (name: string) =>
    (await api.data.store.getRoute({ project: 'default' as never, name: name as never })).document
      .clientCertificate?.crls;
  expect(await crlsOf('a')).toEqual([json.id]);
  expect(await crlsOf('b')).toBeUndefined();
  const next = makeList('acme');
  expect((await put(next)).json.details.crl).toMatchObject({ policy: 'hard', number: '1b' });
  expect((await put(next, { ca: { name: 'mute' } })).status).toBe(422);
  const { revision } = await api.data.store.cursor();
  const kinds = (await api.data.store.changesAfter(revision - 1, 10)).map(({ kind }) => kind);
  expect(kinds).toEqual(['crl']);
  await api.call('DELETE', 'routes/a');
  expect((await api.call('DELETE', 'secrets/acme')).json.detail).toContain('secret/list');
  await api.call('POST', 'routes', { body: { name: 'a', spec } });
  expect(await crlsOf('a')).toEqual([json.id]);
  expect((await api.call('DELETE', 'secrets/list')).status).toBe(204);
  expect(await crlsOf('a')).toBeUndefined();
});

test.each<[string, string, () => string, object]>([
  ['another CA', 'crl_issuer', () => makeList('other'), {}],
  [
    'a CA of the name with another key',
    'crl_signature',
    () => {
      run(
        'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout fake.key -out fake.crt -days 9 -subj /CN=acme',
      );
      return makeList('fake');
    },
    {},
  ],
  ['a CA that may not sign lists', 'crl_key_usage', () => makeList('mute'), { ca: { name: 'mute' } }],
  ['a delta', 'crl_unusable', () => makeList('acme', '-crlexts delta'), {}],
  [
    'a stale list',
    'crl_stale',
    () => makeList('acme', '-crl_lastupdate 20200101000000Z -crl_nextupdate 20200102000000Z'),
    {},
  ],
  [
    'a list of the future',
    'crl_not_yet_valid',
    () => makeList('acme', '-crl_lastupdate 20900101000000Z -crl_nextupdate 20910102000000Z'),
    {},
  ],
  ['a certificate', 'crl_one_list', () => read('acme.crt'), {}],
  ['a CA that is not there', 'reference_missing', () => read('acme.crt'), { ca: { name: 'gone' } }],
])('what is of %s is refused: %s', async (_, code, make, more) => {
  const { status, json } = await put(make(), more, 'refused');
  expect(status).toBe(422);
  expect(json.findings).toMatchObject([{ code }]);
});

describe('a list that is fetched', () => {
  const url = 'http://crl.acme.org/acme.crl';
  const source = { type: 'crl', ca: { name: 'acme' }, url, refreshSeconds: 600 };
  const putSource = (more: object = {}, name = 'fetched') =>
    api.call('PUT', `secrets/${name}`, { body: { secret: { ...source, ...more } } });

  test('is nothing to the hosts of its CA before it has come, and says so', async () => {
    const { status, json } = await putSource();
    expect(status).toBe(201);
    expect(json.details).toMatchObject({
      keys: ['url'],
      crl: { issuer: null, thisUpdate: null, entries: 0, source: { url, refreshSeconds: 600 } },
    });
    expect(json.status.crl).toMatchObject({ state: 'not_fetched', fetch: { triedAt: null, failures: 0 } });
    const { json: shown } = await api.call('GET', 'secrets/fetched');
    expect(shown.findings).toMatchObject([{ severity: 'warning', code: 'crl_not_fetched' }]);
    expect((await api.call('GET', 'secrets/fetched/crl')).status).toBe(404);
    expect((await api.call('POST', 'secrets/fetched/refresh')).status).toBe(202);
    expect((await api.call('POST', 'secrets/acme/refresh')).status).toBe(422);
  });

  test('takes the place of one that was sent once it has come, and keeps it until then with its new policy', async () => {
    const list = makeList('acme');
    await put(list, {}, 'both');
    await putSource({ policy: 'soft' }, 'both');
    const { json } = await api.call('GET', 'secrets/both');
    expect(json.details.crl).toMatchObject({ policy: 'soft', issuer: 'CN=acme', source: { url } });
    expect((await api.call('GET', 'secrets/both/crl')).json).toMatchObject({ policy: 'soft' });
    await put(list, {}, 'both');
    const { json: sent } = await api.call('GET', 'secrets/both');
    expect(sent.details.crl).not.toHaveProperty('source');
    expect(sent.status.crl).toMatchObject({ state: 'fresh', fetch: null });
  });

  test.each([
    [{ url: 'file:///etc/passwd' }, 'http or https URL'],
    [{ url: 'http://user:pw@acme.org/' }, 'without user name'],
    [{ refreshSeconds: 1 }, 'every 60 seconds at most'],
    [{ crl: 'x' }, 'exclude each other'],
    [{ url: undefined, refreshSeconds: undefined }, 'or its url is needed'],
  ])('%j is refused', async (more, words) => {
    const { status, text } = await putSource(more, 'refused');
    expect(status).toBe(422);
    expect(text).toContain(words);
  });
});

test('an older list takes the place of no newer one', async () => {
  const [older, newer] = [makeList('acme'), makeList('acme')];
  await put(newer, {}, 'ordered');
  const { status, json } = await put(older, {}, 'ordered');
  expect(status).toBe(422);
  expect(json.findings).toMatchObject([{ code: 'crl_older' }]);
});

test('a list says beforehand that it ends, and then that it has', async () => {
  await put(makeList('acme', '-crldays 8'), { policy: 'soft' }, 'aging');
  const stateAt = async (days: number) => {
    clock.aheadMs = days * 86_400_000;
    const { json } = await api.call('GET', 'secrets/aging');
    clock.aheadMs = 0;
    return [json.status.crl.state, ...json.findings.map(({ code }: { code: string }) => code)];
  };
  expect(await stateAt(6.9)).toEqual(['fresh']);
  expect(await stateAt(7.1)).toEqual(['expiring', 'crl_expiring']);
  expect(await stateAt(8.1)).toEqual(['stale', 'crl_stale']);
});
