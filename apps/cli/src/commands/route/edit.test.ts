import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, type CliResult, startCliHarness } from '../../testing/cli-harness.ts';

let cli: CliHarness;
let count = 0;

beforeAll(async () => {
  cli = await startCliHarness();
  await cli.client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  await cli.client.services.create('default', { name: 'cart', spec: { targets: ['http://127.0.0.1:9'] } });
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

/** A new route, and what an editor made of shell commands does to it; `$1` is the file, `$n` the how manieth call. */
async function edit(script: string, ...more: string[]): Promise<CliResult & { name: string; log: string }> {
  count += 1;
  const name = `route-${count}`;
  const log = join(cli.directory, `${name}.log`);
  await cli.client.routes.create('default', {
    name,
    spec: { host: `${name}.example.org`, routes: [{ prefix: '/', route: { service: 'echo' } }] },
  });
  const editor = cli.file(
    `${name}.sh`,
    `n=$(($(cat '${log}.n' 2>/dev/null || echo 0) + 1)); echo $n > '${log}.n'
{ echo "== $n $1 $(stat -c %a "$1")"; cat "$1"; } >> '${log}'
${script}
`,
  );
  const result = await cli.postern(['route', 'edit', name, '--no-wait', ...more], {
    env: { EDITOR: `sh ${editor}`, VISUAL: '' },
  });
  return { ...result, name, log: existsSync(log) ? readFileSync(log, 'utf8') : '' };
}

async function serviceOf(name: string): Promise<string | undefined> {
  return (await cli.client.routes.get('default', name)).spec.routes[0]?.route.service;
}

test('a good edit is stored, the file was private, and nothing of it is left', async () => {
  const { code, stdout, stderr, name, log } = await edit(`sed -i s/echo/cart/ "$1"`);
  expect(code, stderr).toBe(0);
  expect(stdout).toBe(`Route ${name} updated\n`);
  expect(await serviceOf(name)).toBe('cart');
  const [, path = '', mode] = /== 1 (\S+) (\d+)/.exec(log) ?? [];
  expect(path).toMatch(/\.yaml$/);
  expect(mode).toBe('600');
  expect(existsSync(dirname(path))).toBe(false);
});

test('an edit that changes nothing says so and exits 0', async () => {
  const { code, stdout, name } = await edit(':');
  expect(code).toBe(0);
  expect(stdout).toBe(`Route ${name} unchanged\n`);
});

test('a rejected edit reopens with the errors on top and at their lines; mended, it is stored without them', async () => {
  const { code, stderr, name, log } = await edit(
    `if [ $n = 1 ]; then sed -i 's/service: echo/servce: cart/' "$1"; else sed -i s/servce/service/ "$1"; fi`,
  );
  expect(code, stderr).toBe(0);
  expect(await serviceOf(name)).toBe('cart');
  const second = log.slice(log.indexOf('== 2'));
  expect(second).toContain('# postern: line 8: error: unknown key "servce" (did you mean "service"?)');
  expect(second.split('\n')[8]).toBe('    servce: cart');
  expect(second).toMatch(/# postern: error: unknown key "servce".*\n {4}servce: cart/);
});

test('what only the API can know reopens the editor too, at the line meant', async () => {
  const { code, stderr, name, log } = await edit(
    `if [ $n = 1 ]; then sed -i s/echo/nobody/ "$1"; else sed -i s/nobody/cart/ "$1"; fi`,
  );
  expect(code, stderr).toBe(0);
  expect(await serviceOf(name)).toBe('cart');
  expect(log.slice(log.indexOf('== 2'))).toMatch(/# postern: error: .*nobody.*\n {4}service: nobody/);
});

test('a taken host reopens the editor at the host', async () => {
  await cli.client.routes.create('default', {
    name: 'holder',
    spec: { host: 'held.example.org', routes: [{ prefix: '/', route: { service: 'echo' } }] },
  });
  const { code, stderr, log } = await edit(
    `if [ $n = 1 ]; then sed -i 's/^host:.*/host: held.example.org/' "$1"; else sed -i 's/^host:.*/host: free.example.org/' "$1"; fi`,
  );
  expect(code, stderr).toBe(0);
  expect(log.slice(log.indexOf('== 2'))).toMatch(/# postern: error: .*\nhost: held/);
});

test('a rejected edit that is left unchanged is kept, its path printed, exit 3', async () => {
  const { code, stderr, name } = await edit(`sed -i s/prefix/prefx/ "$1"`);
  expect(code).toBe(3);
  const path = /kept in (\S+)/.exec(stderr)?.[1] ?? '';
  expect(readFileSync(path, 'utf8')).toContain('prefx: /');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await serviceOf(name)).toBe('echo');
});

test('a rejected edit that goes back to the original ends without a change', async () => {
  const { code, stdout, name } = await edit(
    `if [ $n = 1 ]; then sed -i s/prefix/prefx/ "$1"; else sed -i s/prefx/prefix/ "$1"; fi`,
  );
  expect(code).toBe(0);
  expect(stdout).toBe(`Route ${name} unchanged\n`);
  expect((await cli.client.routes.get('default', name)).version).toBe(1);
});

test.each([
  ['removes the file', 'rm "$1"'],
  ['empties the file', ': > "$1"'],
  [
    'leaves only what was said of an error',
    `if [ $n = 1 ]; then sed -i s/prefix/prefx/ "$1"; else sed -i '/postern/!d' "$1"; fi`,
  ],
])('an editor that %s gives up: exit 1, and nothing is changed or kept', async (_title, script) => {
  const { code, stderr, name } = await edit(script);
  expect(code, stderr).toBe(1);
  expect(stderr).toContain('left nothing');
  expect(stderr).not.toContain('kept');
  expect(await serviceOf(name)).toBe('echo');
});

test('an editor that fails changes nothing and exits 1; an edit it had saved is kept', async () => {
  const failed = await edit('exit 3');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('status 3');
  expect(failed.stderr).not.toContain('kept');
  const saved = await edit(`sed -i s/echo/cart/ "$1"; exit 1`);
  expect(saved.code).toBe(1);
  expect(saved.stderr).toContain('your edit is kept in ');
  expect(await serviceOf(saved.name)).toBe('echo');
  expect((await edit('kill -9 $$')).code).toBe(1);
});

test('a route that somebody else changes meanwhile is a conflict: exit 6, and the edit is kept', async () => {
  const change = cli.file(
    'change.sh',
    `curl --silent --fail --output /dev/null -X PUT -H 'authorization: Bearer ${cli.adminToken}' -H 'content-type: application/json' \
--data "{\\"spec\\":{\\"host\\":\\"$1.example.org\\",\\"routes\\":[{\\"prefix\\":\\"/theirs\\",\\"route\\":{\\"service\\":\\"echo\\"}}]}}" \
"${cli.url}/v1/projects/default/routes/$1"`,
  );
  const { code, stderr, name } = await edit(
    `sh ${change} "$(basename "$1" .yaml)"; sed -i s/echo/cart/ "$1"`,
  );
  expect(code).toBe(6);
  expect(stderr).toContain('your edit is kept in ');
  expect((await cli.client.routes.get('default', name)).spec.routes[0]?.prefix).toBe('/theirs');
});

test('with --json the failure of an edit is one object that says where it is kept', async () => {
  const { code, stderr } = await edit(`sed -i s/prefix/prefx/ "$1"`, '--json');
  expect(code).toBe(3);
  const { error } = JSON.parse(stderr);
  expect(error).toMatchObject({
    code: 'validation_failed',
    exitCode: 3,
    message: 'the edit is still rejected',
  });
  expect(readFileSync(/kept in (\S+)/.exec(error.hint)?.[1] ?? '', 'utf8')).toContain('prefx: /');
});

test('without an editor of its own and without a terminal nothing is started: exit 2', async () => {
  await cli.client.routes.create('default', {
    name: 'unseen',
    spec: { host: 'unseen.example.org', routes: [{ prefix: '/', route: { service: 'echo' } }] },
  });
  const { code, stdout, stderr } = await cli.postern(['route', 'edit', 'unseen']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('EDITOR');
});

test('with --no-input no editor is started: exit 2', async () => {
  const { code, log } = await edit(':', '--no-input');
  expect(code).toBe(2);
  expect(log).toBe('');
});

test('a route that does not exist starts no editor: exit 5', async () => {
  const { code } = await cli.postern(['route', 'edit', 'nobody'], { env: { EDITOR: 'false' } });
  expect(code).toBe(5);
});
