import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClientIdentity } from '../connection.ts';
import { keptBy } from '../testing/kept-by.ts';
import { type AccessEntry, accessLine, LoggedClient } from './access-line.ts';
import { createAccessLog } from './access-log.ts';
import type { Exchange } from './exchange.ts';
import { RequestEntry } from './request-entry.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-log-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const nobody = new LoggedClient({ clientAddress: '127.0.0.1', tlsVersion: 'TLSv1.3', client: null });
const entry = (path: string, more: Partial<AccessEntry> = {}): AccessEntry => ({
  at: Date.UTC(2026, 0, 1),
  requestId: 'id',
  host: 'a.example.org',
  route: null,
  rule: null,
  service: null,
  target: null,
  method: 'GET',
  path,
  status: 200,
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 0,
  upstreamMs: null,
  protocol: 'HTTP/2',
  client: nobody,
  code: null,
  reason: null,
  refusal: null,
  refusals: null,
  aborted: false,
  ...more,
});
/** What a program of its own begins with: `log`, and an `entry` to write. */
const loggingTo = (file: string): string => {
  const [log, line] = ['access-log.ts', 'access-line.ts'].map((name) =>
    JSON.stringify(new URL(name, import.meta.url).href),
  );
  return `
    const { createAccessLog } = await import(${log});
    const { LoggedClient } = await import(${line});
    const log = createAccessLog(${JSON.stringify(file)});
    const client = new LoggedClient({ clientAddress: '127.0.0.1', tlsVersion: 'TLSv1.3', client: null });
    const entry = { ...${JSON.stringify({ ...entry('/'), client: undefined })}, client };
  `;
};
const pathOf = (line: string | undefined): unknown => (JSON.parse(line ?? '') as { path: unknown }).path;
const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

test('a line says all of an entry, whatever its values hold', () => {
  const names = ['a"\\b', 'caf\u00e9', '\ud800', '\u007f\u0000', ...Array.from({ length: 20 }, String)];
  const identity = { fingerprint: 'ff', names: { commonNames: names, dnsNames: ['last'] } };
  const client = new LoggedClient({
    ...{ clientAddress: '::1', tlsVersion: 'TLSv1.2' },
    client: identity as unknown as ClientIdentity,
  });
  const facts = {
    ...{ requestId: 'id-1', host: 'a', route: 'r', rule: '/"\n\u2028', service: 's', target: 'http://h:1' },
    ...{
      method: 'GET',
      path: '/\\\u0001',
      status: 403,
      bytesIn: 1,
      bytesOut: 2,
      durationMs: 3,
      upstreamMs: 4,
    },
    ...{ protocol: 'HTTP/1.1', code: 'c', reason: null, refusal: 'x"', refusals: 1_000, aborted: true },
  };
  const line = accessLine(entry('/', { ...facts, client }));
  expect(line.endsWith('}\n')).toBe(true);
  expect(JSON.parse(line)).toEqual({
    ...{ ...facts, time: '2026-01-01T00:00:00.000Z', clientAddress: '::1', tlsVersion: 'TLSv1.2' },
    ...{ clientFingerprint: 'ff', clientNames: names.slice(0, 10) },
  });
  expect(JSON.parse(accessLine(entry('/', { at: 1 })))).toMatchObject({
    ...{ time: '1970-01-01T00:00:00.001Z', route: null, target: null, upstreamMs: null },
    ...{ clientFingerprint: null, clientNames: null, code: null, refusals: null, aborted: false },
  });
});

test('a line says of its own request what others of the connection said otherwise', () => {
  const client = new LoggedClient({ clientAddress: '127.0.0.1', tlsVersion: 'TLSv1.3', client: null });
  const facts: Partial<AccessEntry>[] = [
    ...[{}, { host: 'b' }, { route: 'r' }, { rule: '/r' }, { service: 's' }, { target: 'http://h:1' }],
    ...[{ method: 'PUT' }, { protocol: 'HTTP/1.0' }, { code: 'c' }, { reason: 'r' }, { refusal: 'id' }],
    ...[{ refusals: 7 }, { aborted: true }],
  ];
  for (const some of facts) {
    for (const more of [some, {}, some, some]) {
      const { client: _, at: __, ...rest } = entry('/', more);
      expect(JSON.parse(accessLine(entry('/', { ...more, client })))).toMatchObject(rest);
    }
  }
});

test('of a long method a connection keeps what its lines say of it, and nothing else', () => {
  const clients = Array.from(
    { length: 50 },
    () => new LoggedClient({ clientAddress: '127.0.0.1', tlsVersion: 'TLSv1.3', client: null }),
  );
  const kept = keptBy(() => {
    for (const client of clients) {
      const exchange = {
        id: 'id',
        method: String(Buffer.alloc(30_000, 'X')),
        target: '/',
        protocol: 'HTTP/2',
      };
      accessLine(new RequestEntry(exchange as Exchange, client, 'a', 0, 0));
    }
  });
  expect(kept / clients.length).toBeLessThan(5_000);
});

test('every entry is one JSON line of the file, in order, whatever its values hold', async () => {
  const file = join(directory, 'access.log');
  const log = createAccessLog(file);
  for (let index = 0; index < 5_000; index += 1) log.write(entry(`/${index}"\n\u2028`));
  await log.flush();
  const lines = linesOf(file);
  expect(lines).toHaveLength(5_000);
  for (const [index, line] of lines.entries()) expect(pathOf(line)).toBe(`/${index}"\n\u2028`);
  expect(log.dropped()).toBe(0);
  expect(statSync(file).mode & 0o007).toBe(0);
  await log.close();
});

test('lines are written soon without being asked for, and at the latest when the log is closed', async () => {
  const file = join(directory, 'access.log');
  const log = createAccessLog(file);
  log.write(entry('/first'));
  await vi.waitFor(() => expect(pathOf(linesOf(file)[0])).toBe('/first'), { timeout: 10_000 });
  // Longer than all that is gathered at once.
  for (const path of ['/second', '/'.padEnd(100_000, '\u00e9'), '/last']) log.write(entry(path));
  await log.close();
  expect(linesOf(file).map((line) => String(pathOf(line)).length)).toEqual([6, 7, 100_000, 5]);
});

test('a process that ends without closing its log leaves no line behind', () => {
  const file = join(directory, 'access.log');
  const program = `
    ${loggingTo(file)}
    for (let index = 0; index < 3; index += 1) log.write({ ...entry, path: '/' + index });
    process.exit();
  `;
  execFileSync(process.execPath, ['--input-type=module', '--eval', program]);
  expect(linesOf(file).map(pathOf)).toEqual(['/0', '/1', '/2']);
});

test('a disk that was full costs the lines that it had no room for, and no line after them', () => {
  const file = join(directory, 'access.log');
  // 80 blocks of 512 bytes, and the last line with room does not end there.
  const full = 80 * 512;
  const program = `
    const { truncateSync, statSync } = await import('node:fs');
    ${loggingTo(file)}
    for (let index = 0; index < 300; index += 1) log.write({ ...entry, path: '/' + (1_000 + index) });
    await log.flush();
    if (statSync(${JSON.stringify(file)}).size !== ${full}) throw new Error('the disk was not full');
    log.write({ ...entry, path: '/none' });
    await log.flush();
    truncateSync(${JSON.stringify(file)}, ${full - 1_000});
    for (const path of ['/first', '/second']) log.write({ ...entry, path });
    await log.close();
    console.log(log.dropped());
  `;
  const node = [process.execPath, '--input-type=module', '--eval', program];
  // A program that is not killed for it is told that the file can grow no more.
  const dropped = execFileSync('sh', ['-c', `trap '' XFSZ; ulimit -f 80; exec "$@"`, 'sh', ...node]);
  const whole = linesOf(file).filter((line) => line.endsWith('}'));
  expect(linesOf(file)).toHaveLength(whole.length + 1);
  expect(whole.map(pathOf).slice(-2)).toEqual(['/first', '/second']);
  // Those that were whole when it was full, the last of which are gone with its last 1,000 bytes.
  const bytes = Buffer.byteLength(whole[0] ?? '') + 1;
  expect(Number(dropped)).toBe(301 - Math.floor(full / bytes));
});

test('a reader that does not read costs lines, not memory or time', async () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Opened for both, so that neither side waits for the other.
  const reader = openSync(pipe, 'r+');
  const log = createAccessLog(pipe);
  const startedAt = performance.now();
  for (let index = 0; index < 20_000; index += 1) log.write(entry('/'.padEnd(500, 'x')));
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  expect(log.dropped()).toBeGreaterThan(5_000);
  // Let the pending write go, or the thread that waits in it would keep the process.
  const { read } = await import('node:fs');
  const drain = (): void =>
    read(reader, Buffer.alloc(1 << 20), 0, 1 << 20, null, (error) => {
      if (error === null) drain();
    });
  drain();
  await log.close();
  // The drain waits for more; one last byte ends its wait, and the closed descriptor the drain.
  const { closeSync, writeSync } = await import('node:fs');
  writeSync(reader, 'x');
  closeSync(reader);
});

test('a file that cannot be opened is one clear error', () => {
  expect(() => createAccessLog(join(directory, 'no', 'access.log'))).toThrow(/POSTERN_ACCESS_LOG/);
});
