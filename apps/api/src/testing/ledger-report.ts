import type { LedgerReport } from '@postern/contracts';

const AT = Date.UTC(2026, 0, 31);
const HASH = '5c'.repeat(32);
const place = { project: 'default', route: 'shop', host: 'shop.localhost', firstAt: AT, lastAt: AT };
const certificate = { fingerprint: HASH, subject: 'CN=jane', issuer: 'CN=My CA', serial: '01', chain: HASH };

/** One refusal and one sighting of one client, with what it presented. */
export const LEDGER_REPORT: LedgerReport = {
  edge: 'edge-1',
  run: 'run',
  refusals: [
    {
      ...place,
      ...certificate,
      id: '0mib3k5c0-9f86d081884c7d65',
      sni: 'shop.localhost',
      count: 2,
      reason: 'subject_not_allowed',
      detail: 'no matcher admits it',
      rule: '/',
      clientAddress: '192.0.2.1',
      revision: 1,
      tlsVersion: 'TLSv1.3',
      observed: false,
      various: false,
    },
  ],
  sightings: [
    {
      ...place,
      ...certificate,
      notAfter: AT + 86_400_000,
      bundle: 'bundle',
      anchor: HASH,
      verdict: 'refuse',
    },
  ],
  chains: [{ hash: HASH, trusted: true, certificates: ['AAAA'] }],
  dropped: 0,
};
