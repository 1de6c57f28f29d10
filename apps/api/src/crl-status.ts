import type { Finding, SecretStatus } from '@postern/contracts';
import { listStateOf } from '@postern/pki';
import type { SecretRecord } from '@postern/store';

type CrlStatus = SecretStatus['crl'];

/** How it stands with a revocation list now (milliseconds since 1970); null of any other secret. */
export function crlStatusOf({ details, fetching }: SecretRecord, now: number): CrlStatus | null {
  const { crl } = details;
  if (crl === undefined) return null;
  const fetch =
    fetching === null
      ? null
      : {
          triedAt: timeOf(fetching.triedAt),
          fetchedAt: timeOf(fetching.fetchedAt),
          nextTryAt: new Date(fetching.nextTryAt).toISOString(),
          failures: fetching.failures,
          lastError: fetching.error,
        };
  if (crl.thisUpdate === null) {
    const message = 'no good list has come from the source yet: it revokes nothing so far';
    return { state: 'not_fetched', message, fetch };
  }
  const nextUpdate = crl.nextUpdate === null ? null : Date.parse(crl.nextUpdate);
  const state = listStateOf({ thisUpdate: Date.parse(crl.thisUpdate), nextUpdate }, now);
  return { state, message: messageOf(state, crl.nextUpdate, crl.policy), fetch };
}

/** What is doubtful about a list. Pointers lead into the resource. */
export function crlFindings({ state, message, fetch }: CrlStatus): Finding[] {
  const findings: Finding[] = [];
  if (state !== 'fresh')
    findings.push({ severity: 'warning', code: `crl_${state}`, message, pointer: '/status/crl/state' });
  if (fetch?.lastError != null) {
    const times = fetch.failures === 1 ? 'the last try failed' : `the last ${fetch.failures} tries failed`;
    findings.push({
      severity: 'warning',
      code: 'crl_fetch_failed',
      message: `${times}: ${fetch.lastError}`,
      pointer: '/status/crl/fetch/lastError',
      hint: `it is tried again at ${fetch.nextTryAt}; at once: postern secret refresh`,
    });
  }
  return findings;
}

function messageOf(state: 'fresh' | 'expiring' | 'stale', end: string | null, policy: string): string {
  const what =
    policy === 'hard' ? 'the clients of its issuer are refused' : 'whom it does not name is admitted';
  switch (state) {
    case 'fresh':
      return end === null ? 'it never becomes stale' : `it holds until ${end}`;
    case 'expiring':
      return `no successor has come, and from ${end} on ${what}`;
    case 'stale':
      return `it is stale since ${end}: ${what}`;
  }
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
