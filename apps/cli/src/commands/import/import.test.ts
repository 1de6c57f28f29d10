import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runPostern } from '../../testing/cli-harness.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-import-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const postern = (...args: string[]) => runPostern(args, { env: { POSTERN_CONFIG: join(directory, 'none') } });

const ROUTE = `host: ecommerce.acme.org
tls:
  clientValidationCa:
    name: my-root-ca
validation:
  clientCertificate:
    subjectMatches:
    - hasSuffix: .acme.org
routes:
- prefix: /
  route:
    service: shopping-cart
`;

test('a Kalix descriptor becomes documents that validate, and what is still to do is told', async () => {
  const path = file('My Route.yaml', ROUTE);
  const target = 'shopping-cart=http://127.0.0.1:9000';
  const imported = await postern('import', 'kalix', '-f', path, '--target', target);
  expect(imported).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('postern secret create tls-ca my-root-ca --cert FILE'),
  });
  expect(imported.stdout).toBe(`kind: service
name: shopping-cart
spec:
  targets:
  - http://127.0.0.1:9000
---
kind: route
name: my-route
spec:
${ROUTE.replace(/^(?=.)/gm, '  ')}`);
  const documents = file('documents.yaml', imported.stdout);
  expect(await postern('validate', '-f', documents)).toMatchObject({ code: 0 });
});

test('a --target that no route leads to is told', async () => {
  const path = file('typo.yaml', ROUTE);
  const imported = await postern(
    'import',
    'kalix',
    '-f',
    path,
    '--target',
    'shoping-cart=http://127.0.0.1:9000',
  );
  expect(imported.stderr).toContain(
    '--target shoping-cart was not used: no route here leads to that service',
  );
});

test('a lost check is named at its line, and the exit status is 1, also with --json and over several documents', async () => {
  const project = `resource: Service
metadata: {name: cart}
spec:
  image: cart:1
---
resource: Route
metadata: {name: shop}
spec:
  host: shop.acme.org
  validation:
    jwt: {issuer: x}
  routes: [{prefix: /, route: {service: cart}}]
`;
  const path = file('project.yaml', project);
  const imported = await postern('import', 'akka', '-f', path);
  expect(imported).toMatchObject({ code: 1, stdout: expect.stringContaining('host: shop.acme.org') });
  expect(imported.stderr).toContain(`${path}:11:10: error: "jwt" is not known here`);
  expect(imported.stderr).toContain('warning: the service "cart" is not made');
  const json = await postern('import', 'akka', '-f', path, '--json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    documents: [{ kind: 'route', name: 'shop' }],
    findings: expect.arrayContaining([expect.objectContaining({ severity: 'error', line: 11 })]),
  });
});

test('a route whose regular expression cannot be used is not made', async () => {
  const path = file('r.yaml', ROUTE.replace('hasSuffix: .acme.org', 'regex: "["'));
  expect(await postern('import', 'kalix', '-f', path)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('the regular expression is not usable'),
  });
});

test('a KrakenD configuration becomes a route that demands the same clients', async () => {
  const tls = {
    public_key: './server.crt',
    private_key: './server.key',
    enable_mtls: true,
    ca_certs: ['./rootCA.pem'],
    disable_system_ca_pool: true,
  };
  const path = file('krakend.json', JSON.stringify({ version: 3, port: 9000, tls }, null, 2));
  const imported = await postern(
    'import',
    'krakend',
    '-f',
    path,
    '--hostname',
    'gateway.acme.org',
    '-o',
    'json',
  );
  expect(imported.code).toBe(0);
  expect(JSON.parse(imported.stdout)).toMatchObject({
    documents: [
      { kind: 'service', name: 'krakend', spec: { targets: ['http://127.0.0.1:9000'] } },
      {
        kind: 'route',
        name: 'krakend',
        spec: {
          tls: { clientValidationCa: { name: 'krakend-ca' }, serverCertificate: { name: 'krakend-tls' } },
        },
      },
    ],
    findings: [{ severity: 'warning', pointer: '/version', line: 2 }],
    steps: expect.arrayContaining(['postern secret create tls-ca krakend-ca --cert ./rootCA.pem']),
  });
});
