import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';
import { makeCa, makeServerCertificate } from '../../testing/openssl.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
  await cli.client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  await cli.client.services.create('default', { name: 'cart', spec: { targets: ['http://127.0.0.1:9'] } });
  const put = (name: string, secret: Parameters<typeof cli.client.secrets.put>[2]['secret']) =>
    cli.client.secrets.put('default', name, { secret });
  const ca = makeCa(cli.directory, 'rootca');
  await put('my-root-ca', { type: 'tls-ca', cert: readFileSync(ca.cert, 'utf8') });
  const server = makeServerCertificate(cli.directory, 'server', 'shop.example.org');
  await put('my-tls-cert', {
    type: 'tls',
    cert: readFileSync(server.cert, 'utf8'),
    key: readFileSync(server.key, 'utf8'),
  });
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli.postern(args);
  expect(code, stderr).toBe(0);
  return stdout;
}

async function create(name: string): Promise<void> {
  await ok('route', 'create', name, '--hostname', `${name}.example.org`, '--path', '/=echo', '--no-wait');
}

describe('route create', () => {
  test('makes the whole descriptor from flags, says the URL, and shows it in get, list and export', async () => {
    const created = await ok(
      ...[
        'route',
        'create',
        'full',
        '--hostname',
        'SHOP.example.org.',
        '--path',
        '/=echo',
        '--path',
        '/cart=cart',
      ],
      ...['--client-ca-secret', 'my-root-ca', '--client-certificate-subject', '*.acme.org'],
      ...['--server-certificate-secret', 'my-tls-cert', '--cors-origin', 'https://a.example'],
      ...['--http-basic-realm', 'Shop', '--http-basic-credentials', 'anna=secret', '--label', 'team=shop'],
      '--no-wait',
    );
    expect(created).toBe('Route full created: https://shop.example.org:8443\n');
    const { spec, labels } = await cli.client.routes.get('default', 'full');
    expect(labels).toEqual({ team: 'shop' });
    expect(spec.host).toBe('shop.example.org');
    expect(spec.validation?.httpBasic?.passwordHashes.anna).toBe(
      'sha256:K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=',
    );
    const shown = await ok('routes', 'get', 'full');
    for (const text of [
      'shop.example.org',
      'my-root-ca',
      '*.acme.org',
      'my-tls-cert',
      '/cart',
      'realm "Shop"',
    ]) {
      expect(shown).toContain(text);
    }
    const list = await ok('route', 'list');
    expect(list.split('\n')[0]).toBe('NAME\tHOSTNAME\tPATHS\tCORS ENABLED\tSTATUS');
    expect(list).toMatch(/^full\tshop\.example\.org\t\/,\/cart\ttrue\t\w+$/m);
    expect(JSON.parse(await ok('route', 'list', '--json'))).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'full' })]),
    );
  });

  test('without a host gets a generated one', async () => {
    const created = await ok('route', 'create', 'generated', '--path', '/=echo', '--no-wait');
    expect(created).toMatch(/^Route generated created: https:\/\/[a-z]+-[a-z]+-\d{4}\.localhost:8443\n$/);
  });

  test('without a connected edge warns why it is not served, and still exits 0', async () => {
    const args = ['route', 'create', 'lonely', '--hostname', 'lonely.example.org', '--path', '/=echo'];
    const { code, stdout, stderr } = await cli.postern(args);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('Route lonely created');
    expect(stderr).toContain('warning: no edge is connected');
  });

  test('from an envelope takes name and labels of the file', async () => {
    const path = cli.file(
      'envelope.yaml',
      'kind: Route\nname: wrapped\nlabels: {a: b}\nspec:\n  host: w.example.org\n  routes: [{prefix: /, route: {service: echo}}]\n',
    );
    await ok('route', 'create', '-f', path, '--no-wait');
    expect((await cli.client.routes.get('default', 'wrapped')).labels).toEqual({ a: 'b' });
  });

  test('a warning is told at its place in the file, and by its path where flags were given', async () => {
    const spec = 'tls: {clientValidationCa: {name: my-root-ca}}\ncorsPolicy: {allowOrigins: ["*"]}\n';
    const path = cli.file(
      'w.yaml',
      `host: w1.example.org\n${spec}routes: [{prefix: /, route: {service: echo}}]\n`,
    );
    const file = await cli.postern(['route', 'create', 'w1', '-f', path, '--no-wait']);
    expect(file.code, file.stderr).toBe(0);
    expect(file.stderr).toMatch(`${path}:3:13: warning: browsers send the CORS preflight`);
    const updated = await cli.postern(['route', 'update', 'w1', '-f', path, '--no-wait']);
    expect(updated.stderr).toBe(file.stderr);
    const flags = await cli.postern([
      ...['route', 'create', 'w2', '--hostname', 'w2.example.org', '--path', '/=echo', '--cors-origin', '*'],
      ...['--client-ca-secret', 'my-root-ca', '--no-wait'],
    ]);
    expect(flags.stderr).toMatch(/^warning: corsPolicy: browsers/);
  });

  test('a missing service is reported at its place in the file, with exit 3', async () => {
    const path = cli.file(
      'missing.yaml',
      'host: m.example.org\nroutes:\n- prefix: /\n  route:\n    service: nobody\n',
    );
    const { code, stderr } = await cli.postern(['route', 'create', 'missing', '-f', path]);
    expect(code).toBe(3);
    expect(stderr).toContain(`${path}:5:14: error:`);
    expect(stderr).toContain('        service: nobody\n                 ^');
  });

  test('a missing service of a flag is named by its path in the descriptor, with exit 3', async () => {
    const args = ['route', 'create', 'missing', '--hostname', 'm.example.org', '--path', '/=nobody'];
    const { code, stderr } = await cli.postern(args);
    expect(code).toBe(3);
    expect(stderr).toContain('routes[0].route.service');
  });

  test('a taken host and a taken name are conflicts, exit 6', async () => {
    await create('taken');
    const host = await cli.postern([
      'route',
      'create',
      'other',
      '--hostname',
      'taken.example.org',
      '--path',
      '/=echo',
    ]);
    expect(host.code).toBe(6);
    expect(host.stderr).toContain('hostname_taken');
    const name = await cli.postern([
      'route',
      'create',
      'taken',
      '--hostname',
      'x.example.org',
      '--path',
      '/=echo',
    ]);
    expect(name.code).toBe(6);
  });
});

describe('route update', () => {
  test('adds and removes, and keeps what no flag names', async () => {
    await create('step');
    const update = (...args: string[]) => ok('route', 'update', 'step', '--no-wait', ...args);
    expect(await update('--client-ca-secret', 'my-root-ca')).toBe('Route step updated\n');
    await update('--client-certificate-subject', '*.acme.org');
    await update('--remove-client-certificate-subject', '--client-certificate-subject', 'other.org');
    await update('--path', '/cart=cart');
    const { spec } = await cli.client.routes.get('default', 'step');
    expect(spec).toEqual({
      host: 'step.example.org',
      tls: { clientValidationCa: { name: 'my-root-ca' } },
      validation: { clientCertificate: { subjectMatches: [{ exact: 'other.org' }] } },
      routes: [
        { prefix: '/', route: { service: 'echo' } },
        { prefix: '/cart', route: { service: 'cart' } },
      ],
    });
    const refused = await cli.postern(['route', 'update', 'step', '--remove-client-ca-secret']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--remove-client-certificate-subject');
    await update(
      '--remove-client-ca-secret',
      '--remove-client-certificate-subject',
      '--remove-path',
      '/cart',
    );
    expect((await cli.client.routes.get('default', 'step')).spec).toEqual({
      host: 'step.example.org',
      routes: [{ prefix: '/', route: { service: 'echo' } }],
    });
  });

  test('an export goes back through update -f and comes out byte for byte', async () => {
    await ok(
      ...[
        'route',
        'create',
        'round',
        '--hostname',
        'round.example.org',
        '--path',
        '/b=echo',
        '--path',
        '/=cart',
      ],
      ...['--client-ca-secret', 'my-root-ca', '--client-certificate-subject', 'b', '--cors-method', 'PUT'],
      ...[
        '--cors-origin',
        '*',
        '--http-basic-realm',
        'a "b"',
        '--http-basic-credentials',
        '7=x',
        '--no-wait',
      ],
    );
    const exported = await ok('route', 'export', 'round');
    const path = cli.file('round.yaml', exported);
    await ok('route', 'update', 'round', '-f', path, '--no-wait');
    expect(await ok('route', 'export', 'round')).toBe(exported);
    const { code } = await cli.postern(['route', 'update', 'round', '-f', '-', '--no-wait'], {
      input: exported,
    });
    expect(code).toBe(0);
  });

  test('changes made by others in between are kept', async () => {
    await create('shared');
    await Promise.all(
      ['/a', '/b'].map((path) => ok('route', 'update', 'shared', '--path', `${path}=cart`, '--no-wait')),
    );
    const { spec } = await cli.client.routes.get('default', 'shared');
    expect(spec.routes.map((rule) => rule.prefix).sort()).toEqual(['/', '/a', '/b']);
  });
});

describe('route delete', () => {
  test('without a terminal and --yes deletes nothing: exit 2', async () => {
    await create('kept');
    const { code, stderr } = await cli.postern(['route', 'delete', 'kept']);
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    await ok('route', 'get', 'kept');
  });

  test('with --yes it is gone: get exits 5', async () => {
    await create('gone');
    expect(await ok('route', 'delete', 'gone', '--yes', '--no-wait')).toBe('Route gone deleted\n');
    expect((await cli.postern(['route', 'get', 'gone'])).code).toBe(5);
  });
});

/** `route delete NAME` on a terminal of its own (util-linux's script), where `keys` are typed once it asks. */
async function deleteOnTerminal(
  name: string,
  keys: string,
): Promise<{ code: number | null; output: string }> {
  const child = cli.start('script', [
    ...['--quiet', '--return', '--flush', '/dev/null', '--command'],
    `${cli.program} route delete ${name} --no-wait`,
  ]);
  let output = '';
  let typed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (typed || !output.includes('(y/N)')) return;
    typed = true;
    child.stdin.write(keys);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('route delete on a terminal asks, and', () => {
  test('goes on after a yes', async () => {
    await create('asked');
    const { code, output } = await deleteOnTerminal('asked', 'y\r');
    expect(code, output).toBe(0);
    expect(output).toContain('Route asked deleted');
  });

  test.each([
    ['a no', 'n\r', 1, 'nothing is changed'],
    ['a mere return', '\r', 1, 'nothing is changed'],
    ['Ctrl-C', '\u0003', 130, 'interrupted: nothing is changed'],
  ])('keeps the route after %s', async (_title, keys, status, words) => {
    const name = `stays-${status}-${keys.length}`;
    await create(name);
    const { code, output } = await deleteOnTerminal(name, keys);
    expect(code, output).toBe(status);
    expect(output).toContain(words);
    await ok('route', 'get', name);
  });
});

describe('route validate', () => {
  test('needs no API: a valid file exits 0, a wrong pattern is placed and exits 3', async () => {
    const env = { POSTERN_CONFIG: '/nonexistent/config.yaml' };
    const good = 'host: v.example.org\nroutes:\n- prefix: /\n  route:\n    service: echo\n';
    const bad = `${good}tls:\n  clientValidationCa:\n    name: ca\nvalidation:\n  clientCertificate:\n    subjectMatches:\n    - regex: '('\n`;
    expect((await cli.postern(['route', 'validate', '-f', '-'], { env, input: good })).code).toBe(0);
    const { code, stderr } = await cli.postern(['route', 'validate', '-f', '-'], { env, input: bad });
    expect(code).toBe(3);
    expect(stderr).toContain('standard input:12:14: error:');
  });
});
