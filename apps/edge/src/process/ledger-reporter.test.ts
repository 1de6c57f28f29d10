import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type LedgerReport, type Log, ledgerReport } from '@postern/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LedgerNews } from '../ledger/client-ledger.ts';
import { LEDGER_LIMITS } from '../ledger/ledger-limits.ts';
import { type RefusalInput, RefusalRecorder } from '../ledger/refusal-recorder.ts';
import { LedgerLog } from './ledger-log.ts';
import { LedgerReporter } from './ledger-reporter.ts';

const AT = Date.UTC(2026, 10, 21);
const LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const INPUT: RefusalInput = {
  document: { project: 'default', route: 'shop', host: 'shop.example.org' },
  revision: 7,
  sni: 'shop.example.org',
  reason: 'certificate_expired',
  detail: 'it ended',
  rule: null,
  clientAddress: '192.0.2.1',
  fingerprint: 'a'.repeat(64),
  chain: [],
  tlsVersion: 'TLSv1.3',
};

/** An API that keeps what it is told by id, as the real one does, and answers with a status; 0: no answer at all. */
let status = 200;
let counts: Map<string, number>;
let dropped = 0;
let reports = 0;
let server: Server;
let log: LedgerLog;
let reporter: LedgerReporter;

beforeEach(async () => {
  status = 200;
  counts = new Map();
  dropped = 0;
  reports = 0;
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      reports += 1;
      const report: LedgerReport = ledgerReport.parse(JSON.parse(body));
      if (status === 200 || status === 0) {
        for (const { id, count } of report.refusals) counts.set(id, Math.max(count, counts.get(id) ?? 0));
        dropped = Math.max(dropped, report.dropped);
      }
      if (status === 0) request.socket.destroy();
      else response.writeHead(status).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  log = new LedgerLog(() => AT);
  reporter = new LedgerReporter({
    apiUrl: `http://127.0.0.1:${port}`,
    edge: 'edge-1',
    token: () => 'token',
    ledger: log,
    log: LOG,
  });
});
afterEach(async () => {
  await reporter.close();
  server.closeAllConnections();
  server.close();
});

function newsOf(recorder: RefusalRecorder): LedgerNews {
  return { sightings: [], ...recorder.drain() };
}

function takeRefusals(clients: number, each = 1): void {
  const recorder = new RefusalRecorder(log.runKey, () => AT);
  for (let index = 0; index < clients; index += 1) {
    const document = { ...INPUT.document, host: `h${index}.example.org` };
    for (let again = 0; again < each; again += 1) recorder.record({ ...INPUT, document });
  }
  log.take(newsOf(recorder));
}

const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);

test('workers that refuse the same client are one entry, added up', async () => {
  takeRefusals(1, 3);
  takeRefusals(1, 4);
  reporter.notify();
  await vi.waitFor(() => expect([counts.size, total()]).toEqual([1, 7]), 30_000);
});

test('an API that was away is told everything; a lost answer counts nothing twice', async () => {
  status = 503;
  takeRefusals(30, 2);
  reporter.notify();
  await vi.waitFor(() => expect(reports).toBeGreaterThan(0), 30_000);
  takeRefusals(30, 2);
  // What it takes now it keeps, but the edge never hears so.
  status = 0;
  await vi.waitFor(() => expect(total()).toBe(120), 30_000);
  status = 200;
  takeRefusals(1);
  await vi.waitFor(() => expect(log.hasNews).toBe(false), 30_000);
  expect([counts.size, total(), dropped]).toEqual([30, 121, 0]);
});

test('what finds no room while the API is away is counted and told later', async () => {
  const clients = LEDGER_LIMITS.waitingMax + 100;
  for (let from = 0; from < clients; from += 1_000) {
    const recorder = new RefusalRecorder(`${from}`, () => AT);
    for (let index = from; index < Math.min(clients, from + 1_000); index += 1)
      recorder.record({ ...INPUT, document: { ...INPUT.document, host: `h${index}.example.org` } });
    log.take(newsOf(recorder));
  }
  expect(log.dropped).toBe(100);
  expect(log.waiting).toBe(LEDGER_LIMITS.waitingMax);
  reporter.notify();
  await vi.waitFor(() => expect([counts.size > 0, dropped]).toEqual([true, 100]), 30_000);
});

test('a report that the API will never take stands in nobody’s way, and is counted as dropped', async () => {
  status = 422;
  takeRefusals(3);
  reporter.notify();
  await vi.waitFor(() => expect(log.dropped).toBe(3), 30_000);
  status = 200;
  takeRefusals(4);
  await vi.waitFor(() => expect([counts.size, dropped]).toEqual([4, 3]), 30_000);
});

test('an edge that stops tells what it still has', async () => {
  takeRefusals(450);
  await reporter.close();
  expect(counts.size).toBe(450);
});
