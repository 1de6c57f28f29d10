import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkout, findFreePorts, platformEnv, run, startProcess } from '../platform/platform.ts';

const node = join(checkout, 'node_modules/.bin/node');
const tsc = join(checkout, 'node_modules/.bin/tsc');
const directory = mkdtempSync(join(tmpdir(), 'postern-pack-test-'));
const project = join(directory, 'project');
const installed = join(project, 'node_modules/@postern');

/** An empty project into which both tarballs are installed, as a user would. */
beforeAll(async () => {
  const packed = await run(node, [join(checkout, 'scripts/pack.ts'), join(directory, 'tarballs')]);
  expect(packed.code, packed.stderr).toBe(0);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const tarballs = readdirSync(join(directory, 'tarballs')).map((file) => join(directory, 'tarballs', file));
  const install = await run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs],
    { cwd: project, timeoutMs: 240_000 },
  );
  expect(install.code, install.stderr).toBe(0);
}, 300_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the installed CLI says its version and runs the whole platform', { timeout: 120_000 }, async () => {
  const entry = join(installed, 'cli/bin/postern.js');
  const { version } = JSON.parse(readFileSync(join(checkout, 'apps/cli/package.json'), 'utf8')) as {
    version: string;
  };
  expect((await run(node, [entry, '--version'], { cwd: project })).stdout).toBe(`postern ${version}\n`);
  const env = platformEnv(directory, await findFreePorts());
  const running = await startProcess(node, [entry, 'up', '--demo'], env, /Postern is ready/);
  try {
    const created = await run(
      node,
      [entry, 'route', 'create', 'r', '--hostname', 'r.localhost', '--path', '/=echo'],
      {
        env,
        cwd: project,
      },
    );
    expect(created.code, created.stderr).toBe(0);
    const answer = await run('curl', [
      ...['-sk', '--connect-to', `::127.0.0.1:${new URL(`http://${env.POSTERN_EDGE_HTTPS_LISTEN}`).port}`],
      'https://r.localhost/hello',
    ]);
    expect(answer.stdout).toContain('/hello');

    // The client beside it, typed: a program of somebody else's.
    writeFileSync(
      join(project, 'list.ts'),
      `import { createClient } from '@postern/client';
const [, , url = '', token = ''] = process.argv;
const routes = await createClient({ url, token, timeoutMs: 10_000 }).routes.list('default');
const hosts: string[] = routes.map((route) => route.spec.host);
console.log(hosts.join());
`,
    );
    const listed = await run(
      node,
      [
        join(project, 'list.ts'),
        `http://${env.POSTERN_API_LISTEN}`,
        readFileSync(join(directory, 'data/admin-token'), 'utf8').trim(),
      ],
      { cwd: project },
    );
    expect(listed.stdout, listed.stderr).toBe('r.localhost\n');
    const types = await run(
      tsc,
      [
        ...['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck', 'false'],
        ...['--types', 'node', '--typeRoots', join(checkout, 'node_modules/@types'), 'list.ts'],
      ],
      { cwd: project },
    );
    expect(types.stdout + types.stderr).toBe('');
  } finally {
    expect(await running.stop()).toBe(0);
  }
});

test('the CLI brings a manual page of every command, for man', () => {
  const folder = join(installed, 'cli');
  const { man } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { man: string[] };
  const pages = readdirSync(join(folder, 'man'));
  expect(man.toSorted()).toEqual(pages.map((page) => `./man/${page}`).toSorted());
  expect(pages).toEqual(expect.arrayContaining(['postern.1', 'postern-route-create.1', 'postern-up.1']));
  expect(readFileSync(join(folder, 'man/postern-route-create.1'), 'utf8')).toMatch(
    /^\.TH POSTERN-ROUTE-CREATE 1 /,
  );
});

test('the tarballs hold no test, no TypeScript source and no path of the machine they were made on', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
    (file) => !file.includes('node_modules/') || file.includes('node_modules/@postern/'),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => /\.test\.|\/testing\/|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  for (const file of files.filter((name) => /\.(js|ts|json)$/.test(name))) {
    expect(readFileSync(join(installed, file), 'utf8').includes(checkout), file).toBe(false);
  }
});
