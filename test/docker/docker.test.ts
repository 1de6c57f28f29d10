import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkout, postern } from '../platform/platform.ts';

// Nothing is built here: these tests hold where no container engine runs. The images are unbuilt in CI.

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
}

const compose = parse(readFileSync(join(checkout, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};

test('the Dockerfile has no lint findings', () => {
  const problems = validate(readFileSync(join(checkout, 'Dockerfile'), 'utf8'));
  expect(problems.map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
});

test('every compose command is a command of the CLI', async () => {
  for (const { command } of Object.values(compose.services)) {
    if (command === undefined) continue;
    const { code, stderr } = await postern([...command, '--help'], {});
    expect(code, stderr).toBe(0);
  }
});

test('every variable in compose and Dockerfile is documented in docs/settings.md', () => {
  const documented = readFileSync(join(checkout, 'docs/settings.md'), 'utf8');
  const used = [
    ...Object.values(compose.services).flatMap(({ environment }) => Object.keys(environment ?? {})),
    ...[...readFileSync(join(checkout, 'Dockerfile'), 'utf8').matchAll(/POSTERN_[A-Z_]+/g)].map(
      ([name]) => name,
    ),
  ];
  for (const name of used) expect(documented).toContain(`\`${name}\``);
});

test('dependencies and volumes exist, and API and edge have health checks', () => {
  for (const { depends_on, volumes } of Object.values(compose.services)) {
    for (const name of Object.keys(depends_on ?? {})) expect(Object.keys(compose.services)).toContain(name);
    for (const volume of volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
  }
  for (const name of ['api', 'edge']) expect(compose.services[name]?.healthcheck?.test[0]).toBe('CMD');
});
