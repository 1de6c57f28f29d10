import type { TargetReport } from '@postern/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';
import { connectReportingEdge } from '../../testing/reporting-edge.ts';

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
    'NAME\tTARGETS\tHEALTHY\tUSED BY\ncart\thttp://127.0.0.1:3000,h2c://127.0.0.1:3001\t-\t\n',
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
  ['a weight that is none', ['create', 'x', '--target', 'http://a,3'], 2, 'URL[,weight=N]'],
  ['a weight too large', ['create', 'x', '--target', 'http://a,weight=5000'], 3, 'targets[0].weight'],
  [
    'two ways of checking',
    ['create', 'x', '--target', 'http://a', '--health-check-tcp', '--health-check-path', '/'],
    2,
    'one of --health-check-path',
  ],
  [
    'times without a check',
    ['create', 'x', '--target', 'http://a', '--healthy-after', '3'],
    2,
    'no health check to change',
  ],
  [
    'a gRPC check of an HTTP/1.1 target',
    ['create', 'x', '--target', 'http://a', '--health-check-grpc'],
    3,
    'healthCheck.grpc',
  ],
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
  expect(stderr).toContain(
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

test('a health check and weights are set, changed flag by flag, shown and removed', async () => {
  const targets = ['--target', 'h2c://127.0.0.1:1,weight=3', '--target', 'h2c://127.0.0.1:2'];
  await ok(
    ...['service', 'create', 'grpc', ...targets, '--health-check-grpc-service', 'shop.Cart'],
    ...['--health-check-interval', '5s', '--unhealthy-after', '4', '--no-wait'],
  );
  const specNow = async () => (await cli.client.services.get('default', 'grpc')).spec;
  const times = { intervalMs: 5_000, unhealthyAfter: 4 };
  expect(await specNow()).toEqual({
    targets: [{ url: 'h2c://127.0.0.1:1', weight: 3 }, 'h2c://127.0.0.1:2'],
    healthCheck: { grpc: { service: 'shop.Cart' }, ...times },
  });
  await ok(
    ...['service', 'update', 'grpc', '--target-weight', 'h2c://127.0.0.1:2=9', '--health-check-path', '/up'],
    ...['--target-weight', 'h2c://127.0.0.1:1=1', '--health-check-status', '204', '--no-wait'],
  );
  expect(await specNow()).toEqual({
    targets: ['h2c://127.0.0.1:1', { url: 'h2c://127.0.0.1:2', weight: 9 }],
    healthCheck: { http: { path: '/up', statuses: [204] }, ...times },
  });
  const shown = await ok('service', 'get', 'grpc');
  expect(shown).toContain('HTTP /up answers 204, every 5s, at most 2s, unhealthy after 4, healthy after 2');
  expect(shown).toContain('TARGET\tWEIGHT\tSTATE\tEDGES\tSINCE\tLAST ERROR\n');
  expect(shown).toContain('h2c://127.0.0.1:2\t9\tnot checked\t-\t-\t-\n');
  await ok('service', 'update', 'grpc', '--remove-health-check', '--no-wait');
  expect((await specNow()).healthCheck).toBeUndefined();
});

test('--wait waits until every edge finds every target healthy, and says which is not and why: exit 7', async () => {
  await using edge = await connectReportingEdge(cli);
  const check = ['--health-check-path', '/healthz'];
  const unused = await cli.postern(['service', 'create', 'w', '--target', 'http://127.0.0.1:1', ...check]);
  expect(unused).toMatchObject({ code: 0, stderr: expect.stringContaining('no route leads to w yet') });
  await ok('route', 'create', 'w', '--hostname', 'w.example.org', '--path', '/=w', '--no-wait');
  const seen = (port: number, state: 'healthy' | 'unhealthy'): TargetReport => ({
    id: `id-${port}`,
    service: 'default/w',
    target: `http://127.0.0.1:${port}`,
    state,
    since: 1,
    lastError: state === 'healthy' ? null : { code: 'c', message: 'answered 503, expected 2xx', at: 1 },
  });
  const targets = ['--target', 'http://127.0.0.1:1', '--target', 'http://127.0.0.1:2'];
  edge.targets = [seen(1, 'healthy'), seen(2, 'unhealthy')];
  const late = await cli.postern(['service', 'update', 'w', ...targets, '--timeout', '3s']);
  expect(late.code, late.stderr).toBe(7);
  expect(late.stderr).toContain('http://127.0.0.1:2 is unhealthy (answered 503, expected 2xx)');
  expect(late.stderr).not.toContain('http://127.0.0.1:1 is');
  expect(late.stderr).toContain('postern service get w');
  expect(await ok('service', 'list')).toContain('\t1/2\troute/w\n');
  edge.targets = [seen(1, 'healthy'), seen(2, 'healthy')];
  await ok('service', 'update', 'w', '--idle-timeout', '1m');
});
