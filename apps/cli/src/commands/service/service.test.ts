import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli.postern(args);
  expect(code, stderr).toBe(0);
  return stdout;
}

test('a service is created, updated flag by flag, shown, listed and deleted', async () => {
  const created = await ok(
    ...['service', 'create', 'cart', '--target', 'http://127.0.0.1:3000', '--target', 'h2c://127.0.0.1:3001'],
    ...['--connect-timeout', '500ms', '--idle-timeout', '5m', '--max-body-bytes', '1000', '--no-wait'],
  );
  expect(created).toBe('Service cart created\n');
  await ok(
    ...['service', 'update', 'cart', '--response-timeout', '1.5s', '--host-header', 'target'],
    ...['--remove-max-body-bytes', '--label', 'a=b', '--no-wait'],
  );
  const { spec, labels } = await cli.client.services.get('default', 'cart');
  expect(spec).toEqual({
    targets: ['http://127.0.0.1:3000', 'h2c://127.0.0.1:3001'],
    hostHeader: 'target',
    timeouts: { connectMs: 500, responseHeadMs: 1500, idleBodyMs: 300_000 },
  });
  expect(labels).toEqual({ a: 'b' });
  const shown = await ok('service', 'get', 'cart');
  for (const text of ['500ms', '1500ms', '5m', 'h2c://127.0.0.1:3001']) expect(shown).toContain(text);
  expect(await ok('services', 'list')).toBe(
    'NAME\tTARGETS\tUSED BY\ncart\thttp://127.0.0.1:3000,h2c://127.0.0.1:3001\t\n',
  );
  expect(await ok('service', 'delete', 'cart', '-y', '--no-wait', '--json')).toBe(
    '{\n  "deleted": "cart"\n}\n',
  );
});

test.each([
  ['no target', ['create', 'x'], 2, '--target'],
  ['a target with a path', ['create', 'x', '--target', 'http://a/b'], 3, 'targets[0]'],
  [
    'a number without a unit',
    ['create', 'x', '--target', 'http://a', '--connect-timeout', '5'],
    2,
    '--connect-timeout',
  ],
  ['nothing to change', ['update', 'x'], 2, 'nothing to change'],
  ['an unknown service', ['update', 'x', '--target', 'http://a'], 5, 'x'],
  ['a missing CA', ['create', 'x', '--target', 'https://a', '--ca-secret', 'none'], 3, 'none'],
  ['a bad name', ['create', 'X_1', '--target', 'http://a'], 2, 'name'],
])('%s is refused', async (_title, args, status, words) => {
  const { code, stderr } = await cli.postern(['service', ...args]);
  expect(code, stderr).toBe(status);
  expect(stderr).toContain(words);
});

test('what only the API can know is said once, by its place in the service', async () => {
  const { code, stderr } = await cli.postern([
    ...['service', 'create', 'pay', '--target', 'https://127.0.0.1:9', '--ca-secret', 'nobody'],
  ]);
  expect(code).toBe(3);
  expect(stderr).toBe(
    `error: tls.ca.name: there is no secret "nobody"
    create it: postern secret create tls-ca nobody --cert FILE
error: the service "pay" is refused
`,
  );
});

test('a service that a route leads to is not deleted: exit 6', async () => {
  await ok('service', 'create', 'echo', '--target', 'http://127.0.0.1:9', '--no-wait');
  await ok('route', 'create', 'shop', '--hostname', 'shop.example.org', '--path', '/=echo', '--no-wait');
  const { code, stderr } = await cli.postern(['service', 'delete', 'echo', '--yes']);
  expect(code).toBe(6);
  expect(stderr).toContain('route/shop');
});
