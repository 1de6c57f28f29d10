import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS } from './command-list.ts';
import { findCommand } from './find-command.ts';
import { type CliHarness, type CliResult, endOf, startCliHarness } from './testing/cli-harness.ts';
import { refusalOf, reportLedger, sightingOf } from './testing/ledger-report.ts';
import { makeCa, makeServerCertificate } from './testing/openssl.ts';
import { connectReportingEdge, type ReportingEdge } from './testing/reporting-edge.ts';
import { posternCalls } from './testing/shell-words.ts';

// Each golden file is a session: lines that begin with "$ " are run, what follows is what came out. "! " begins a line
// of standard error, "= " the exit status. POSTERN_WRITE_GOLDEN=1 rewrites what came out, so a new command is added by writing
// its "$ " line. In CI a difference is a failure, whatever else is set.
const isUpdating = process.env.POSTERN_WRITE_GOLDEN === '1' && process.env.CI === undefined;
const folder = join(import.meta.dirname, '../golden/transcripts');
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));

let cli: CliHarness;
let edge: ReportingEdge;

beforeAll(async () => {
  cli = await startCliHarness();
  edge = await connectReportingEdge(cli);
  await reportLedger(cli, { refusals: [refusalOf(1, { count: 12 })], sightings: [sightingOf('client')] });
  makeCa(cli.directory, 'my-ca');
  makeServerCertificate(cli.directory, 'shop', 'shop.example.org');
  makeServerCertificate(cli.directory, 'pay', 'pay.example.org');
  cli.file('route.yaml', 'host: file.example.org\nroutes:\n- prefix: /\n  route:\n    service: cart\n');
  cli.file('broken.yaml', 'host: broken.example.org\nroutes:\n- prefx: /\n  route:\n    service: cart\n');
  cli.file(
    'documents.yaml',
    'kind: service\nname: pay\nspec:\n  targets: [http://127.0.0.1:9]\n---\nkind: route\nname: pay\nspec:\n  host: pay.example.org\n  routes:\n  - prefix: /\n    route: {service: pay}\n',
  );
  cli.file('kalix.yaml', 'host: kalix.example.org\nroutes:\n- prefix: /\n  route:\n    service: cart\n');
  cli.file(
    'krakend.json',
    '{"version": 3, "tls": {"public_key": "shop.crt", "private_key": "shop.key", "enable_mtls": true, "ca_certs": ["my-ca.crt"]}}',
  );
  cli.file(
    'krakend-two.json',
    '{"port": 9000, "tls": {"keys": [{"public_key": "shop.crt", "private_key": "shop.key"}, {"public_key": "pay.crt", "private_key": "pay.key"}, {"public_key": "gone.crt", "private_key": "gone.key"}]}}',
  );
});

afterAll(async () => {
  await edge?.[Symbol.asyncDispose]();
  await cli?.[Symbol.asyncDispose]();
});

/** What differs from run to run: times, ids, addresses, folders, keys. */
function normalise(text: string): string {
  return text
    .replaceAll(cli.directory, '<DIR>')
    .replaceAll(cli.url, '<API>')
    .replaceAll(new URL(cli.url).host, '<API>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<TIME>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<ID>')
    .replaceAll(/\b[a-z]+-[a-z]+-\d{4}\.localhost\b/g, '<HOST>')
    .replaceAll(/(sha256:)?([0-9A-Fa-f]{2}:?){20,}/g, '<HEX>')
    .replaceAll(/\bpostern_[\w-]{8,}/g, '<TOKEN>')
    .replaceAll(/postern-verification=[\w-]{43}/g, '<PROOF>')
    .replaceAll(/"(revision|version)": \d+/g, '"$1": <NUMBER>')
    .replaceAll(/\d+(\.\d+)? ms\b/g, '<MS>');
}

/** One call and nothing for a shell to do but to drop single quotes. */
const PLAIN_CALL = /^postern( ('[^']*'|[\w./:@=,+-]+))*$/;

/** A plain call runs in a process that has the program loaded, any other line in a shell, with processes of their own. */
async function call(line: string): Promise<CliResult> {
  if (PLAIN_CALL.test(line)) return cli.postern(posternCalls(line)[0] ?? [], { directory: cli.directory });
  const script = `cd '${cli.directory}'; postern() { ${cli.program} "$@"; }; ${line}`;
  const child = cli.start('bash', ['-c', script]);
  child.stdin.end();
  return endOf(child);
}

async function run(line: string): Promise<string> {
  const { code, stdout, stderr } = await call(line);
  // A slow machine is told that it waits.
  const stderrLines = stderr.replaceAll(/^waiting .*\n/gm, '');
  const told = stderrLines.replace(/\n$/, '').replaceAll(/^/gm, '! ');
  return normalise(
    [stdout.replace(/\n$/, ''), stderrLines === '' ? '' : told, `= ${code}`].filter(Boolean).join('\n'),
  );
}

/** The lines that a session runs. */
function linesOf(text: string): string[] {
  return [...text.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line);
}

test.each(files)(
  '%s: what commands print, and how they exit, is what it was',
  { timeout: 120_000 },
  async (name) => {
    const path = join(folder, name);
    const golden = readFileSync(path, 'utf8');
    let text = '';
    for (const line of linesOf(golden)) text += `$ ${line}\n${await run(line)}\n\n`;
    if (isUpdating) writeFileSync(path, text);
    else expect(text).toBe(golden);
  },
);

test('every command is in a session', async () => {
  const calls = files.flatMap((name) =>
    linesOf(readFileSync(join(folder, name), 'utf8')).flatMap(posternCalls),
  );
  const ids = new Set<string>();
  for (const words of calls) ids.add((await findCommand(words).catch(() => ({ id: '' }))).id);
  // `route edit` needs an editor on its own: commands/route/edit.test.ts.
  const shown = Object.keys(COMMANDS).filter((id) => COMMANDS[id]?.hidden !== true);
  expect(shown.filter((id) => !ids.has(id))).toEqual([]);
});
