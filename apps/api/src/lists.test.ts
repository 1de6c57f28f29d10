import { createClient, type PosternClient } from '@postern/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let client: PosternClient;
beforeAll(async () => {
  api = await startTestApi();
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  for (const [name, team] of [
    ['cart', 'a'],
    ['cart-2', 'b'],
    ['echo', 'a'],
    ['mail', 'c'],
  ] as const) {
    const spec = { targets: ['http://127.0.0.1:3000'] };
    await api.call('POST', 'services', { body: { name, labels: { team }, spec } });
    await api.call('POST', 'routes', {
      body: { name, labels: { team }, spec: specOf(`${name}.localhost`, name) },
    });
    await api.call('PUT', `secrets/${name}`, {
      body: { labels: { team }, secret: { type: 'symmetric', secretKey: 'eA==' } },
    });
  }
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const namesOf = (items: readonly { name: string }[]) => items.map(({ name }) => name);

test.each(['secrets', 'services', 'routes'])('%s come in pages that follow each other', async (kind) => {
  const first = await api.call('GET', `${kind}?limit=3`);
  expect(namesOf(first.json.items)).toEqual(['cart', 'cart-2', 'echo']);
  const second = await api.call('GET', `${kind}?limit=3&after=${first.json.next}`);
  expect([namesOf(second.json.items), second.json.next]).toEqual([['mail'], null]);
  expect((await api.call('GET', kind)).json).toMatchObject({ items: { length: 4 }, next: null });
});

test.each(['secrets', 'services', 'routes'])('%s are narrowed down by labels and names', async (kind) => {
  const narrowed = async (query: string) => namesOf((await api.call('GET', `${kind}?${query}`)).json.items);
  expect(await narrowed('labelSelector=team%3Da')).toEqual(['cart', 'echo']);
  expect(await narrowed('labelSelector=team+in+(b,c)')).toEqual(['cart-2', 'mail']);
  expect(await narrowed('labelSelector=team!%3Da,team&namePrefix=cart')).toEqual(['cart-2']);
  expect(await narrowed('namePrefix=cart')).toEqual(['cart', 'cart-2']);
});

test.each([
  'limit=0',
  'limit=1001',
  'limit=x',
  'limit=',
  'after=x',
  'after=bjpBX0I',
  'after=',
  'labelSelector=a%3Db%3Dc',
  'namePrefix=A',
  'nameprefix=a',
  'dryRun=true',
])('a list with ?%s is refused with the place', async (query) => {
  const { status, json } = await api.call('GET', `services?${query}`);
  expect([status, json.code]).toEqual([422, 'validation_failed']);
  expect(json.findings[0].message).toContain(query.split('=')[0]);
});

test('the SDK collects all pages, or gives them one by one, with the same filters', async () => {
  expect(namesOf(await client.routes.list('default'))).toEqual(['cart', 'cart-2', 'echo', 'mail']);
  expect(namesOf(await client.services.list('default', { labels: 'team=a' }))).toEqual(['cart', 'echo']);
  expect(namesOf(await client.secrets.list('default', { namePrefix: 'cart-' }))).toEqual(['cart-2']);
  const pages: string[][] = [];
  for await (const page of client.services.pages('default')) pages.push(namesOf(page));
  expect(pages).toEqual([['cart', 'cart-2', 'echo', 'mail']]);
  await expect(client.services.list('default', { labels: '=' })).rejects.toMatchObject({
    code: 'validation_failed',
  });
});

test('a target that every edge refuses is warned of when it is written', async () => {
  const { json } = await api.call('PUT', 'services/mail', {
    body: { spec: { targets: ['http://169.254.169.254'] } },
  });
  expect(json.findings).toMatchObject([
    { severity: 'warning', code: 'target_refused', pointer: '/spec/targets/0' },
  ]);
});
