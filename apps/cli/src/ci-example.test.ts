import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type CliHarness, type CliResult, endOf, startCliHarness } from './testing/cli-harness.ts';
import { makeServerCertificate } from './testing/openssl.ts';

interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let cli: CliHarness;
let repository: string;
let values: Readonly<Record<string, string>>;

beforeAll(async () => {
  cli = await startCliHarness();
  repository = join(cli.directory, 'repository');
  cpSync(join(import.meta.dirname, '../../../docs/ci-example'), repository, { recursive: true });
  const { cert, key } = makeServerCertificate(cli.directory, 'shop', 'shop.example.org');
  cpSync(cert, join(repository, 'deploy/shop.crt'));
  values = {
    'vars.POSTERN_URL': cli.url,
    'secrets.POSTERN_TOKEN': cli.adminToken,
    'secrets.SHOP_KEY': readFileSync(key, 'utf8').trim(),
  };
  writeFileSync(join(cli.directory, 'postern'), `#!/bin/sh\nexec ${cli.program} "$@"\n`);
  chmodSync(join(cli.directory, 'postern'), 0o755);
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

/** Runs the workflow as its runner does, from the keys on: a shell for each step whose condition holds, until one fails. */
async function runWorkflow(event: 'pull_request' | 'push'): Promise<CliResult> {
  const workflow = parse(readFileSync(join(repository, 'workflow.yaml'), 'utf8')) as {
    jobs: { routes: { env: Record<string, string>; steps: Step[] } };
  };
  const { env, steps } = workflow.jobs.routes;
  const filled = (text: string): string =>
    text.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_, name: string) => values[name] ?? '');
  let last: CliResult | undefined;
  for (const step of steps) {
    if (step.run === undefined || step.name === 'Install') continue;
    if (step.if !== undefined && !step.if.includes(`'${event}'`)) continue;
    const variables = Object.entries({ ...env, ...step.env }).map(([key, text]) => `${key}=${filled(text)}`);
    const program = ['-eo', 'pipefail', '-c', `cd "$REPOSITORY"; ${filled(step.run)}`];
    const path = `PATH=${cli.directory}:/usr/local/bin:/usr/bin:/bin`;
    // Nothing but what the workflow names: no context, no configuration.
    const child = cli.start('env', [
      '-i',
      path,
      'HOME=/nonexistent',
      `REPOSITORY=${repository}`,
      ...variables,
      'bash',
      ...program,
    ]);
    child.stdin.end();
    last = await endOf(child);
    if (last.code !== 0) return last;
  }
  if (last === undefined) throw new Error('no step ran');
  return last;
}

const names = async (): Promise<string[]> => [
  ...(await cli.client.secrets.list('default')).map(({ name }) => name),
  ...(await cli.client.services.list('default')).map(({ name }) => name),
  ...(await cli.client.routes.list('default')).map(({ name }) => name),
];

test('the workflow checks a pull request, deploys a push, repeats itself without a change, and prunes', {
  timeout: 120_000,
}, async () => {
  const checked = await runWorkflow('pull_request');
  expect(checked.code, checked.stderr).toBe(0);
  expect(checked.stdout).toContain('route/shop');
  expect(await names()).toEqual([]);

  const deployed = await runWorkflow('push');
  expect(deployed.code, deployed.stderr).toBe(0);
  expect(deployed.stdout).toContain('route/shop created\n');
  expect(await names()).toEqual(['shop-certificate', 'shop', 'shop']);

  const again = await runWorkflow('push');
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).not.toMatch(/created|updated|deleted/);

  const file = join(repository, 'deploy/shop.yaml');
  const [secret = '', service = ''] = readFileSync(file, 'utf8').split('---\n');
  writeFileSync(file, [secret, service].join('---\n'));
  const pruned = await runWorkflow('push');
  expect(pruned.code, pruned.stderr).toBe(0);
  expect(pruned.stdout).toContain('route/shop deleted\n');
  expect(await names()).toEqual(['shop-certificate', 'shop']);

  writeFileSync(file, [secret, service.replace('targets:', 'target:')].join('---\n'));
  const broken = await runWorkflow('push');
  expect(broken.code).toBe(3);
  expect(broken.stderr).toMatch(/deploy\/shop\.yaml:\d+:3: error: unknown key "target"/);

  rmSync(join(repository, 'deploy/shop.crt'));
  expect((await runWorkflow('pull_request')).code).toBe(3);
  expect(`${deployed.stdout}${deployed.stderr}`).not.toContain('PRIVATE KEY');
});
