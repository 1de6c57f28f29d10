import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../testing/cli-harness.ts';
import { fingerprintOf, refusalOf, reportLedger, sightingOf } from '../testing/ledger-report.ts';

let cli: CliHarness;
const HOSTILE = 'CN=\u001b]0;owned\u0007\u009b2J\nroot';

beforeAll(async () => {
  cli = await startCliHarness();
  await reportLedger(cli, {
    refusals: [
      refusalOf(1, { count: 12_345 }),
      refusalOf(2, { subject: HOSTILE, detail: HOSTILE, reason: 'subject_not_allowed', rule: '/admin' }),
    ],
    sightings: [
      sightingOf('a', { notAfter: Date.now() + 3 * 86_400_000 }),
      sightingOf('b', { notAfter: Date.now() + 90 * 86_400_000, host: 'pay.example.org' }),
    ],
    chains: [{ hash: fingerprintOf('chain'), trusted: false, certificates: ['AAAA'] }],
    dropped: 5,
  });
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

test('refusals are listed with honest counts, narrowed down, and what was left out is said', async () => {
  const list = await cli.postern(['refusal', 'list', '--since', '1h']);
  expect([list.code, list.stderr]).toEqual([
    0,
    'warning: edges could not record 5 refusals in that time, of any project\n',
  ]);
  expect(list.stdout).toMatch(
    /\t12345\tcertificate_untrusted\tshop\.example\.org\tCN=stranger\t192\.0\.2\.7\t/,
  );
  const one = await cli.postern(['refusal', 'list', '--reason', 'certificate_untrusted', '-q']);
  expect(one.stdout).toBe(`${refusalOf(1).id}\n`);
  const none = await cli.postern(['refusal', 'list', '--host', 'other.example.org', '-o', 'json']);
  expect(JSON.parse(none.stdout)).toEqual([]);
  expect((await cli.postern(['refusal', 'list', '--since', 'yesterday'])).code).toBe(2);
});

test('a misspelt reason is a usage failure, not an empty list; a word of a newer edge is asked for', async () => {
  const misspelt = await cli.postern(['refusal', 'list', '--reason', 'certificate_mising']);
  expect(misspelt).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean certificate_missing?'),
  });
  expect((await cli.postern(['refusal', 'list', '--reason', 'moon_phase', '-q'])).code).toBe(0);
});

test('a hostile subject breaks no table, no terminal and no line', async () => {
  const list = await cli.postern(['refusal', 'list', '-o', 'wide']);
  const get = await cli.postern(['refusal', 'get', refusalOf(2).id]);
  for (const { stdout } of [list, get])
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(list.stdout.trimEnd().split('\n')).toHaveLength(3);
  expect(get.stdout).toContain('/admin');
});

test('a refusal is shown with what was presented; one that is not there is 5', async () => {
  const { code, stdout } = await cli.postern(['refusal', 'get', refusalOf(1).id]);
  expect(code).toBe(0);
  expect(stdout).toContain('-----BEGIN CERTIFICATE-----\nAAAA\n');
  expect((await cli.postern(['refusal', 'get', refusalOf(9).id])).code).toBe(5);
  expect((await cli.postern(['refusal', 'get', 'nothing'])).code).toBe(2);
});

test('the tail begins with the last ones and shows new ones as they come', { timeout: 240_000 }, async () => {
  const child = cli.start('bash', ['-c', `exec ${cli.program} refusal tail -n 1 -o name`]);
  try {
    const lines: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
    for (let number = 100; lines.length < 2 && number < 300; number += 1) {
      if (lines.length > 0) await reportLedger(cli, { refusals: [refusalOf(number)] });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(lines[0]).toBe(refusalOf(2).id);
    expect(lines[1]).toMatch(/^0mib3k5c0-/);
  } finally {
    child.kill('SIGINT');
    await once(child, 'close');
  }
});

test('clients are listed by what ends soon, and shown by the beginning of their fingerprint', async () => {
  const soon = await cli.postern(['client', 'list', '--expiring', '14d', '-q']);
  expect(soon.stdout).toBe(`${fingerprintOf('a')}\n`);
  const all = await cli.postern(['client', 'list']);
  expect(all.stdout).toContain('CN=b');
  const colons = (fingerprintOf('b').match(/../g) ?? []).join(':').toUpperCase();
  const got = await cli.postern(['client', 'get', `sha256 Fingerprint=${colons}`]);
  expect([got.code, got.stdout.includes('pay.example.org')]).toEqual([0, true]);
  const short = await cli.postern(['client', 'get', fingerprintOf('b').slice(0, 12), '-q']);
  expect(short.stdout).toBe(`${fingerprintOf('b')}\n`);
  expect((await cli.postern(['client', 'get', 'deadbeefdeadbeef'])).code).toBe(5);
  expect((await cli.postern(['client', 'get', 'abc'])).code).toBe(2);
});
