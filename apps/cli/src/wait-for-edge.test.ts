import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from './testing/cli-harness.ts';
import { makeServerCertificate } from './testing/openssl.ts';
import { connectReportingEdge, type ReportingEdge } from './testing/reporting-edge.ts';

let cli: CliHarness;
let edge: ReportingEdge;

beforeAll(async () => {
  cli = await startCliHarness();
  edge = await connectReportingEdge(cli);
  await cli.client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  const { cert, key } = makeServerCertificate(cli.directory, 'server', 'shop.example.org');
  await cli.client.secrets.put('default', 'cert', {
    secret: { type: 'tls', cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') },
  });
});

afterAll(async () => {
  await edge?.[Symbol.asyncDispose]();
  await cli?.[Symbol.asyncDispose]();
});

function create(name: string, ...more: string[]) {
  return cli.postern([
    'route',
    'create',
    name,
    '--hostname',
    `${name}.example.org`,
    '--path',
    '/=echo',
    ...more,
  ]);
}

test('route create returns once the edge serves the route, without a warning', async () => {
  const { code, stdout, stderr } = await create('shop', '--server-certificate-secret', 'cert', '--json');
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).status).toMatchObject({ ready: true, reason: 'Ready' });
  expect(stderr).toBe('');
});

test('with --json an update gives the route as it is served', async () => {
  const { code, stdout, stderr } = await cli.postern([
    'route',
    'update',
    'shop',
    '--path',
    '/j=echo',
    '--json',
  ]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).status).toMatchObject({ ready: true, reason: 'Ready' });
});

test('a route whose certificate is not there in time is written: exit 0, and a warning says what is missing', async () => {
  const { code, stdout, stderr } = await create('bare', '--timeout', '1500ms');
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('Route bare created');
  expect(stderr).toContain('warning: bare is written but not served yet (CertificatePending)');
});

test('an edge that lags is named, after --timeout and with exit 0', async () => {
  edge.applies = false;
  try {
    const { code, stdout, stderr } = await cli.postern([
      ...['route', 'update', 'shop', '--path', '/b=echo', '--timeout', '1200ms'],
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe('Route shop updated\n');
    expect(stderr).toBe('warning: the change is written, but after 1200 ms not served yet by test\n');
    const hurried = await cli.postern(['route', 'update', 'shop', '--path', '/c=echo', '--no-wait']);
    expect(hurried.stderr).toBe('');
  } finally {
    edge.applies = true;
  }
});

test.each([
  ['create', '/v1/applied'],
  ['create', '/v1/projects/default/routes/'],
  ['update', '/v1/applied'],
])(
  'route %s: an API that goes away during the wait, at %s, is a warning; the write stands: exit 0',
  async (verb, lost) => {
    const name = verb === 'update' ? 'shop' : `lost-${lost.length}`;
    const proxy = createServer((incoming, answer) => {
      const { method, headers, url = '' } = incoming;
      if (method === 'GET' && url.startsWith(lost)) {
        incoming.socket.destroy();
        return;
      }
      const onward = request(`${cli.url}${url}`, { method, headers }, (response) => {
        answer.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(answer);
      });
      incoming.pipe(onward);
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    try {
      const env = {
        POSTERN_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        POSTERN_TOKEN: cli.adminToken,
      };
      const args = ['route', verb, name, '--path', '/lost=echo', '--hostname', `${name}.example.org`];
      const { code, stdout, stderr } = await cli.postern(args, { env });
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(`Route ${name} ${verb}d`);
      expect(stderr).toContain(
        'warning: the change is written, but whether it is served cannot be seen: the conn',
      );
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  },
);
