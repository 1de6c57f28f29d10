import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createExecProvider } from './exec-provider.ts';
import { createRfc2136Provider } from './rfc2136-provider.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-exec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(script: string): string {
  const file = join(folder, 'provider');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o700);
  return file;
}

test('a program gets action, name and value as arguments and variables, and nothing else of the environment', async () => {
  const out = join(folder, 'out');
  const provider = createExecProvider(program(`echo "$@" >> ${out}; env | grep -v ^PWD | sort >> ${out}`));
  await provider.add({ name: '_acme-challenge.a.test', value: 'v$(x)' });
  await provider.remove({ name: '_acme-challenge.a.test', value: 'v$(x)' });
  const called = (action: string): string[] => [
    `${action} _acme-challenge.a.test v$(x)`,
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `POSTERN_DNS_ACTION=${action}`,
    'POSTERN_DNS_NAME=_acme-challenge.a.test',
    'POSTERN_DNS_VALUE=v$(x)',
  ];
  const lines = readFileSync(out, 'utf8').trim().split('\n');
  expect(lines.filter((line) => !/^(_|SHLVL|OLDPWD)=/.test(line))).toEqual([
    ...called('add'),
    ...called('remove'),
  ]);
});

test('what a program says is told when it does not end with 0, and so is that there is none', async () => {
  const failing = createExecProvider(program('echo "no such zone"; echo "ask dns@x" >&2; exit 3'));
  const record = { name: '_acme-challenge.a.test', value: 'v' };
  await expect(failing.add(record)).rejects.toThrow(/ended with 3: no such zone ask dns@x$/);
  await expect(createExecProvider(join(folder, 'none')).add(record)).rejects.toThrow(
    /cannot be run: .*ENOENT/,
  );
});

test('a name server that cannot be reached fails an update in the words of nsupdate', async () => {
  writeFileSync(
    join(folder, 'key'),
    'key "k" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"; };\n',
  );
  const provider = createRfc2136Provider({
    server: '127.0.0.1:1',
    keyFile: join(folder, 'key'),
    zone: 'test',
    ttlSeconds: 60,
  });
  await expect(provider.add({ name: '_acme-challenge.a.test', value: 'v' })).rejects.toThrow(
    /nsupdate (ended with|cannot be run)/,
  );
}, 240_000);
