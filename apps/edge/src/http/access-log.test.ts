import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AccessEntry, createAccessLog } from './access-log.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-log-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const entry = (path: string): AccessEntry => ({
  time: '2026-01-01T00:00:00.000Z',
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
  clientAddress: '127.0.0.1',
  protocol: 'HTTP/2',
  tlsVersion: 'TLSv1.3',
  clientFingerprint: null,
  clientNames: null,
  code: null,
  reason: null,
  refusal: null,
  refusals: null,
  aborted: false,
});

test('every entry is one JSON line of the file, in order, whatever its values hold', async () => {
  const file = join(directory, 'access.log');
  const log = createAccessLog(file);
  for (let index = 0; index < 5_000; index += 1) log.write(entry(`/${index}"\n\u2028`));
  await log.flush();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(5_000);
  expect(lines.map((line) => (JSON.parse(line) as AccessEntry).path)[4_999]).toBe('/4999"\n\u2028');
  expect(log.dropped()).toBe(0);
  expect(statSync(file).mode & 0o007).toBe(0);
  await log.close();
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
