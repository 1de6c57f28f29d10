import { execFileSync, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from './testing/cli-harness.ts';

// How it looks in a real terminal, which tmux is. Without tmux these tests are skipped.
const hasTmux = spawnSync('tmux', ['-V']).error === undefined;
let servers = 0;
const ESCAPE = '\u001b';
const LONG = 'a-name-that-is-rather-long-for-a-route-of-a-shop';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
  await cli.client.services.create('default', { name: 'cart', spec: { targets: ['http://127.0.0.1:9'] } });
  for (const [name, host] of [
    ['short', 's.example.org'],
    [LONG, `${LONG}.shop.example.org`],
  ] as const) {
    await cli.client.routes.create('default', {
      name,
      spec: { host, routes: [{ prefix: '/', route: { service: 'cart' } }] },
    });
  }
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

/** The lines on a terminal of so many columns after a call has ended, with their escape sequences. */
async function linesOn(columns: number, call: string, env = ''): Promise<string[]> {
  const line = `env -u NO_COLOR -u FORCE_COLOR POSTERN_CONFIG='${cli.configFile}' ${env} ${cli.program} ${call}; printf 'THE END'; sleep 600`;
  // A server of its own: one that loses its last session is still ending when the next one asks it.
  servers += 1;
  const server = join(dirname(cli.configFile), `tmux-${servers}`);
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-S', server, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  const session = 'session';
  tmux('new-session', '-d', '-s', session, '-x', String(columns), '-y', '30', 'sh', '-c', line);
  try {
    for (let tries = 0; tries < 2_000; tries += 1) {
      const shown = tmux('capture-pane', '-p', '-e', '-t', session);
      if (shown.includes('THE END')) return (shown.split('THE END')[0] ?? '').trimEnd().split('\n');
      await sleep(50);
    }
    throw new Error(`no end of ${call}`);
  } finally {
    tmux('kill-server');
  }
}

function plain(line: string): string {
  return line.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g'), '').trimEnd();
}

test.skipIf(!hasTmux)(
  'at 80 columns a table fits: what is too long is cut, and columns stay aligned',
  async () => {
    const lines = (await linesOn(80, 'route list')).map(plain);
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => [...line].length <= 80)).toBe(true);
    expect(lines[1]).toContain('…');
    const statusAt = lines[0]?.indexOf('STATUS') ?? -1;
    for (const line of lines.slice(1))
      expect([...line].slice(statusAt).join('')).toMatch(/^CertificatePending|^Certif/);
  },
  240_000,
);

test.skipIf(!hasTmux)(
  'at 160 columns, and with -o wide, nothing is cut',
  async () => {
    const lines = (await linesOn(160, 'route list')).map(plain).join('\n');
    expect(lines).not.toContain('…');
    expect(lines).toContain(`${LONG}.shop.example.org`);
    expect((await linesOn(80, 'route list -o wide')).map(plain).join('')).not.toContain('…');
  },
  240_000,
);

test.skipIf(!hasTmux)(
  'the heading is bold on a terminal, and plain with NO_COLOR',
  async () => {
    expect((await linesOn(120, 'route list'))[0]).toContain(`${ESCAPE}[1m`);
    expect((await linesOn(120, 'route list', 'NO_COLOR=1')).join('')).not.toContain(ESCAPE);
  },
  240_000,
);

test('FORCE_COLOR colours a pipe', async () => {
  const env = { FORCE_COLOR: '1' };
  expect((await cli.postern(['--help'], { env })).stdout).toContain(`${ESCAPE}[1mNOUNS`);
  expect((await cli.postern(['--help'])).stdout).not.toContain(ESCAPE);
});
