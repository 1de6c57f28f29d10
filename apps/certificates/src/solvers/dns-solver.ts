import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DnsFailure, type DnsResolver } from '../dns/dns-resolver.ts';
import { IssueFailure } from '../issue-failure.ts';
import type { ChallengeAnswer, ChallengeSolver } from './challenge-solver.ts';

/** A TXT record to be made or removed; `name` without a dot at its end. Other TXT records of the name stay. */
export interface TxtRecord {
  readonly name: string;
  readonly value: string;
}

/** Writes TXT records where a zone is kept. Both are called again for the same record, and then succeed. */
export interface DnsProvider {
  readonly name: string;
  add(record: TxtRecord): Promise<void>;
  remove(record: TxtRecord): Promise<void>;
}

export interface DnsSolverOptions {
  readonly provider: DnsProvider;
  readonly resolver: DnsResolver;
  /** Milliseconds for which a record may take to be seen. */
  readonly propagationMs: number;
}

const LOOK_EVERY_MS = 500;
/** CNAMEs followed from `_acme-challenge` on. */
const ALIASES_MAX = 8;

/**
 * Answers dns-01 by a TXT record (RFC 8555 section 8.4). Where `_acme-challenge.NAME` is an alias, the record is made at
 * its end, so that one zone can hold the answers of others. Told to the CA once the resolver's servers show it.
 */
export function createDnsSolver({ provider, resolver, propagationMs }: DnsSolverOptions): ChallengeSolver {
  return {
    type: 'dns-01',
    async present(answer, signal) {
      const record = await recordOf(resolver, answer);
      await tell(provider, 'add', record);
      await waitUntilSeen(resolver, record, propagationMs, signal);
    },
    async cleanUp(answer) {
      await tell(provider, 'remove', await recordOf(resolver, answer));
    },
  };
}

async function recordOf(
  resolver: DnsResolver,
  { host, keyAuthorization }: ChallengeAnswer,
): Promise<TxtRecord> {
  const value = createHash('sha256').update(keyAuthorization).digest('base64url');
  let name = `_acme-challenge.${host}`;
  for (let hops = 0; hops < ALIASES_MAX; hops += 1) {
    const alias = await resolver.lookUp(name, 'CNAME').catch(unlessDnsFailed);
    const target = alias?.records[0];
    if (target === undefined) break;
    name = target.replace(/\.$/, '').toLowerCase();
  }
  // It goes to programs of others, and whoever has the zone may have written anything.
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) {
    const detail = `_acme-challenge.${host} is an alias of a name that no record can be made for: ${JSON.stringify(name)}`;
    throw new IssueFailure('challenge_failed', detail);
  }
  return { name, value };
}

/** A server that fails now may be back when the record is looked for; without an alias the name stands for itself. */
function unlessDnsFailed(error: unknown): null {
  if (error instanceof DnsFailure) return null;
  throw error;
}

async function tell(provider: DnsProvider, what: 'add' | 'remove', record: TxtRecord): Promise<void> {
  try {
    await provider[what](record);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const detail = `the DNS provider ${provider.name} could not ${what} the TXT record ${record.name}: ${why}`;
    throw new IssueFailure('challenge_failed', detail, { cause });
  }
}

async function waitUntilSeen(
  resolver: DnsResolver,
  { name, value }: TxtRecord,
  propagationMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + propagationMs;
  for (;;) {
    const seen = await resolver.lookUp(name, 'TXT').catch(unlessDnsFailed);
    if (seen?.records.includes(value)) return;
    if (performance.now() >= until) {
      const detail = `the TXT record ${name} was made, but ${resolver.servers.join(', ')} does not show it after ${propagationMs / 1000} s`;
      throw new IssueFailure('challenge_failed', detail);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}
