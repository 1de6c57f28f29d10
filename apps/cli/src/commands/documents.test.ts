import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliHarness, type CliResult, startCliHarness } from '../testing/cli-harness.ts';
import { makeCa, makeServerCertificate } from '../testing/openssl.ts';
import { connectReportingEdge } from '../testing/reporting-edge.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
  makeCa(cli.directory, 'root');
  makeServerCertificate(cli.directory, 'site', 'shop.example.org');
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

const apply = (...args: string[]): Promise<CliResult> => cli.postern(['apply', '--no-wait', ...args]);

/** The project as text, without what an editor needs. */
async function exported(...args: string[]): Promise<string> {
  return (await cli.postern(['export', '--schemas', '', ...args])).stdout;
}

function service(name: string, port: number, more = ''): string {
  return `kind: service\nname: ${name}\n${more}spec:\n  targets: [http://127.0.0.1:${port}]\n`;
}

function route(name: string, to: string, more = ''): string {
  return `kind: route\nname: ${name}\n${more}spec:\n  host: ${name}.example.org\n  routes:\n  - prefix: /\n    route: {service: ${to}}\n`;
}

describe('what a folder describes', () => {
  const labels = 'labels: {app: folder}\n';
  let folder: string;

  beforeAll(() => {
    folder = join(cli.directory, 'deploy');
    mkdirSync(folder);
    const pem = readFileSync(join(cli.directory, 'root.crt'), 'utf8').trim().replaceAll('\n', '\n    ');
    cli.file(
      'deploy/a-routes.yaml',
      route('folder', 'web', labels).replace(
        '  routes:',
        '  tls:\n    clientValidationCa: {name: root}\n    serverCertificate: {name: site}\n  routes:',
      ),
    );
    cli.file(
      'deploy/b.yml',
      `# \${HOME} stays as it is\n${service('web', 3000, labels)}  hostHeader: client\n---\n---\nkind: secret\nname: root\n${labels}spec:\n  type: tls-ca\n  cert: |\n    ${pem}\n`,
    );
    cli.file(
      'deploy/c.json',
      JSON.stringify([
        {
          kind: 'secret',
          name: 'site',
          labels: { app: 'folder', note: `\${HOME}` },
          spec: { type: 'tls', certFile: '../site.crt', keyFile: '../site.key' },
        },
        {
          kind: 'secret',
          name: 'mail',
          labels: { app: 'folder' },
          spec: { type: 'generic', stringData: { 'p.w': 'hunter2' } },
        },
      ]),
    );
    cli.file('deploy/readme.txt', 'no document');
  });

  test('is checked offline, and nothing is stored by validate, by diff or by a dry run', async () => {
    const valid = await cli.postern(['validate', '-f', folder], {
      env: { POSTERN_URL: 'http://127.0.0.1:1' },
    });
    // Warnings stand at their places, inside the block of the certificate too.
    expect(valid.stderr).toMatch(/^\S+b\.yml:\d+:5: warning: the CA .* has no keyUsage/);
    expect(valid.code).toBe(0);
    expect(valid.stdout.match(/is valid: \d documents?$/gm)).toHaveLength(3);
    const diff = await cli.postern(['diff', '-f', folder]);
    expect(diff.code, diff.stderr).toBe(1);
    expect(diff.stdout).toContain('+++ route/folder');
    expect(diff.stdout).toContain('+++ secret/mail');
    for (const kind of ['client', 'server']) {
      const dry = await apply('-f', folder, `--dry-run=${kind}`);
      expect(dry.code, dry.stderr).toBe(0);
      expect(dry.stdout).toContain(`route/folder created (dry run: ${kind})\n`);
    }
    expect(await exported()).toBe('');
  });

  test('is applied in the order secrets, services, routes; then nothing differs, and applying it again changes nothing', async () => {
    const first = await apply('-f', folder);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toBe(
      'secret/root created\nsecret/site created\nsecret/mail created\nservice/web created\nroute/folder created\n',
    );
    expect(first.stderr).toContain('5 created');
    const diff = await cli.postern(['diff', '-f', folder]);
    expect({ code: diff.code, stdout: diff.stdout }).toEqual({ code: 0, stdout: '' });
    const versions = (await cli.client.routes.list('default')).map(({ version }) => version);
    const again = await apply('-f', folder);
    expect(again.stdout).toContain('route/folder unchanged\n');
    expect(again.stdout).toContain('secret/site unchanged\n');
    expect((await cli.client.routes.list('default')).map(({ version }) => version)).toEqual(versions);
  });

  test('is exported without a value, always the same bytes, and the export neither differs nor changes anything', async () => {
    const { stdout } = await cli.postern(['export', '-l', 'app=folder']);
    expect(stdout).not.toContain('hunter2');
    // Nothing is expanded.
    expect(stdout).toContain(`note: \${HOME}\n`);
    expect(stdout).not.toContain('PRIVATE KEY');
    expect(stdout).toMatch(
      /^# yaml-language-server: \$schema=http:\/\/127\.0\.0\.1:\d+\/schemas\/secret\.json\nkind: secret\n/,
    );
    // Editors read the schemas without a token.
    const schemas = [...stdout.matchAll(/\$schema=(\S+)/g)].map(([, url = '']) => url);
    expect(new Set(schemas).size).toBe(3);
    for (const url of new Set(schemas)) expect((await fetch(url)).status, url).toBe(200);
    expect((await cli.postern(['export', '-l', 'app=folder'])).stdout).toBe(stdout);
    const file = cli.file('everything.yaml', stdout);
    const diff = await cli.postern(['diff', '-f', file]);
    expect({ code: diff.code, stdout: diff.stdout }, diff.stderr).toEqual({ code: 0, stdout: '' });
    const applied = await cli.postern(['apply', '-f', '-', '-o', 'json'], { input: stdout });
    expect(applied.code, applied.stderr).toBe(0);
    const outcomes = JSON.parse(applied.stdout).steps.map(({ outcome }: { outcome: string }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['unchanged']));
    expect(JSON.parse((await cli.postern(['export', '-o', 'json'])).stdout)).toHaveLength(5);
  });

  test('differs by what was changed, in colour only where that is asked for', async () => {
    const file = cli.file('changed.yaml', service('web', 3001, labels));
    const plain = await cli.postern(['diff', '-f', file]);
    expect(plain.code).toBe(1);
    expect(plain.stdout).toBe(`--- service/web (stored)
+++ service/web (${file})
@@ -4,4 +4,4 @@
   app: folder
 spec:
   targets:
-  - http://127.0.0.1:3000
+  - http://127.0.0.1:3001
`);
    const colourful = await cli.postern(['diff', '-f', file], { env: { FORCE_COLOR: '1' } });
    expect(colourful.stdout).toContain('\u001b[31m-  - http://127.0.0.1:3000\u001b[0m');
  });
});

describe('nothing at all is written', () => {
  test.each([
    [
      'when a later file is broken',
      service('n1', 1),
      'kind: service\nname: n2\nspec:\n  target: x\n',
      'unknown key "target"',
    ],
    [
      'when a reference leads nowhere',
      service('n1', 1),
      route('n2', 'nobody'),
      ':7:22: error: there is no service "nobody"',
    ],
    [
      'when a secret without values does not exist',
      service('n1', 1),
      'kind: secret\nname: n2\nspec: {type: tls}\n',
      ':2:7: error: there is no secret "n2"',
    ],
  ])('%s: exit 3, with the place', async (_title, good, bad, words) => {
    const { code, stdout, stderr } = await apply(
      '-f',
      cli.file('good.yaml', good),
      '-f',
      cli.file('bad.yaml', bad),
    );
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).toContain('bad.yaml:');
    await expect(cli.client.services.get('default', 'n1')).rejects.toThrow();
  });

  test('when a secret is not as an export said: exit 3, without showing a value', async () => {
    await cli.client.secrets.put('default', 'expected', {
      secret: { type: 'symmetric', secretKey: 'aHVudGVyMg==' },
    });
    const text = 'kind: secret\nname: expected\nspec:\n  type: symmetric\n  keys: [other]\n';
    const { code, stderr } = await apply('-f', cli.file('expected.yaml', text));
    expect(code).toBe(3);
    expect(stderr).toContain('expected.yaml:5:9: error: the secret "expected" has the keys secretKey');
    expect(stderr).not.toContain('aHVudGVyMg');
  });
});

test('the first failure ends an apply: what is done and what is not is said, and its class is the exit status', async () => {
  await cli.client.services.create('default', { name: 'mine', spec: { targets: ['http://127.0.0.1:9'] } });
  await cli.client.routes.create('default', {
    name: 'holder',
    spec: { host: 'taken.example.org', routes: [{ prefix: '/', route: { service: 'mine' } }] },
  });
  const taken = route('aaa', 'fresh').replace('aaa.example.org', 'taken.example.org');
  const file = cli.file('partial.yaml', [taken, route('bbb', 'fresh'), service('fresh', 1)].join('---\n'));
  const judged = await apply('-f', file, '--dry-run=server');
  expect(judged.code).toBe(6);
  expect(judged.stdout).toContain('route/aaa failed\nroute/bbb not applied\n');
  await expect(cli.client.services.get('default', 'fresh')).rejects.toThrow();
  const { code, stdout, stderr } = await apply('-f', file, '--json');
  expect(code).toBe(6);
  expect(JSON.parse(stdout).steps).toEqual([
    { kind: 'service', name: 'fresh', outcome: 'created', version: 1 },
    { kind: 'route', name: 'aaa', outcome: 'failed' },
    { kind: 'route', name: 'bbb', outcome: 'not applied' },
  ]);
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'hostname_taken', exitCode: 6 });
  expect(JSON.parse(stderr).error.message).toContain('route/aaa');
});

describe('--prune', () => {
  const labels = 'labels: {app: prune}\n';
  const both = [service('p1', 1, labels), service('p2', 1, labels), route('p2', 'p2', labels)].join('---\n');
  const one = service('p1', 1, labels);

  test('needs a selector, and somebody who says yes: exit 2, and nothing is written', async () => {
    expect((await apply('-f', cli.file('prune.yaml', both))).code).toBe(0);
    const file = cli.file('one.yaml', one.replace(':1]', ':2]'));
    expect((await apply('-f', file, '--prune')).code).toBe(2);
    const { code, stderr } = await apply('-f', file, '--prune', '-l', 'app=prune');
    expect(code).toBe(2);
    expect(stderr).toContain('  route/p2\n  service/p2\n');
    expect((await cli.client.services.get('default', 'p1')).version).toBe(1);
  });

  test('refuses a document without the labels: exit 3', async () => {
    const { code, stderr } = await apply(
      '-f',
      cli.file('bare.yaml', service('p3', 1)),
      '--prune',
      '-l',
      'app=prune',
      '-y',
    );
    expect(code).toBe(3);
    expect(stderr).toContain('bare.yaml:2:7: error: service/p3 has not the labels');
  });

  test('says of what a document names that it would go: exit 3', async () => {
    const file = cli.file('kept.yaml', route('p2', 'p2', labels));
    const { code, stderr } = await apply('-f', file, '--prune', '-l', 'app=prune', '-y');
    expect(code).toBe(3);
    expect(stderr).toContain('service "p2" would be deleted by --prune');
    expect(stderr).not.toContain('create it');
  });

  test('is shown by diff, and deletes what no document describes, routes first, and nothing without the labels', async () => {
    const file = cli.file('one.yaml', one);
    const diff = await cli.postern(['diff', '-f', file, '--prune', '-l', 'app=prune']);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain('--- route/p2 (stored)\n+++ /dev/null\n');
    const before = (await cli.client.services.list('default')).length;
    const { code, stdout } = await apply('-f', file, '--prune', '-l', 'app=prune', '--yes');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'service/p1 unchanged\nroute/p2 deleted\nservice/p2 deleted\n',
    });
    expect((await cli.client.services.list('default')).length).toBe(before - 1);
  });
});

test('apply waits until the edges serve what it wrote', async () => {
  await using edge = await connectReportingEdge(cli);
  const quick = await cli.postern(['apply', '-f', cli.file('wait.yaml', service('wait', 1))]);
  expect({ code: quick.code, stderr: quick.stderr }).toEqual({ code: 0, stderr: '1 created\n' });
  edge.applies = false;
  const slow = await cli.postern([
    'apply',
    '-f',
    cli.file('wait.yaml', service('web', 4000)),
    '--timeout',
    '2s',
  ]);
  expect(slow.code).toBe(0);
  expect(slow.stderr).toContain('not served yet');
});

describe('a diff that fails has a status above 1', () => {
  test.each([
    ['2 for a file that is not there', ['-f', '/nonexistent/file.yaml'], {}, 2],
    ['4 for a token that is not valid', ['-f', 'FILE'], { POSTERN_URL: 'API', POSTERN_TOKEN: 'wrong' }, 4],
    [
      '7 for an API that is not there',
      ['-f', 'FILE'],
      { POSTERN_URL: 'http://127.0.0.1:1', POSTERN_TOKEN: 't' },
      7,
    ],
    ['8 for an API that is broken', ['-f', 'FILE'], { POSTERN_URL: 'BROKEN', POSTERN_TOKEN: 't' }, 8],
  ])('%s', async (_title, args, env, status) => {
    const broken = createServer((_request, response) => {
      const problem = { type: 'about:blank', status: 500, title: 'x', code: 'internal', retryable: true };
      response.writeHead(500, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    });
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    try {
      const file = cli.file('diff.yaml', service('diff', 1));
      const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
      const given = Object.entries(env).map(([key, value]) => [
        key,
        value.replace('API', cli.url).replace('BROKEN', url),
      ]);
      const result = await cli.postern(['diff', ...args.map((arg) => (arg === 'FILE' ? file : arg))], {
        env: Object.fromEntries(given),
      });
      expect(result.code, result.stderr).toBe(status);
    } finally {
      broken.close();
    }
  });
});
