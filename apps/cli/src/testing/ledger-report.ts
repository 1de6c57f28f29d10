import { createHash } from 'node:crypto';
import type { ClientSighting, LedgerReport, RefusalReport } from '@postern/contracts';
import type { CliHarness } from './cli-harness.ts';

/** SHA-256 of a text, hex: stands for the fingerprint of a certificate. */
export function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A refusal of a stranger just now, unless a test says otherwise. */
export function refusalOf(number: number, more: Partial<RefusalReport> = {}): RefusalReport {
  const now = Date.now();
  return {
    id: `0mib3k5c0-${String(number).padStart(16, '0')}`,
    project: 'default',
    route: 'shop',
    host: 'shop.example.org',
    sni: 'shop.example.org',
    firstAt: now,
    lastAt: now,
    count: 1,
    reason: 'certificate_untrusted',
    detail: 'no path leads to a CA of the route',
    rule: null,
    clientAddress: '192.0.2.7',
    fingerprint: fingerprintOf('stranger'),
    subject: 'CN=stranger',
    issuer: 'CN=Nobody',
    serial: '0a',
    chain: fingerprintOf('chain'),
    revision: 7,
    tlsVersion: 'TLSv1.3',
    observed: false,
    various: false,
    ...more,
  };
}

/** A client that was seen just now, unless a test says otherwise. */
export function sightingOf(name: string, more: Partial<ClientSighting> = {}): ClientSighting {
  const now = Date.now();
  return {
    project: 'default',
    route: 'shop',
    host: 'shop.example.org',
    fingerprint: fingerprintOf(name),
    subject: `CN=${name}`,
    issuer: 'CN=My CA',
    serial: '0b',
    notAfter: now + 86_400_000,
    bundle: 'gone',
    anchor: fingerprintOf('anchor'),
    chain: null,
    verdict: 'admit',
    firstAt: now,
    lastAt: now,
    ...more,
  };
}

/** Reports to the API as an edge does. */
export async function reportLedger(cli: CliHarness, more: Partial<LedgerReport>): Promise<void> {
  const report: LedgerReport = {
    edge: 'edge-1',
    run: 'run',
    refusals: [],
    sightings: [],
    chains: [],
    dropped: 0,
    ...more,
  };
  const response = await fetch(`${cli.url}/v1/ledger`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cli.edgeToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(report),
  });
  if (!response.ok) throw new Error(`the ledger answers ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}
