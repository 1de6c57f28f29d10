import type { Hostname, Log } from '@postern/contracts';
import type { CertificateOrderRecord, Store } from '@postern/store';
import { checkNames } from '../dns/check-names.ts';
import type { DnsResolver } from '../dns/dns-resolver.ts';
import { IssueFailure } from '../issue-failure.ts';
import type { IssueContext, Issued, Issuer } from '../issuer.ts';
import { renewAtOf } from '../renew-at.ts';
import type { ChallengeSolver } from '../solvers/challenge-solver.ts';
import type { AcmeCa } from './acme-ca.ts';
import { failureOf } from './failure-of.ts';
import type { RateBook } from './rate-limits.ts';
import { ariCertIdOf } from './renewal-info.ts';
import { revokeAt } from './revoke-at.ts';
import { runOrder } from './run-order.ts';

/** A CA with what is kept about its limits. */
export interface LimitedCa {
  readonly ca: AcmeCa;
  readonly book: RateBook;
}

export interface AcmeIssuerOptions {
  readonly store: Store;
  readonly masterKey: Buffer;
  /** In the order in which they are asked. */
  readonly cas: readonly LimitedCa[];
  /** In the order of preference. */
  readonly solvers: readonly ChallengeSolver[];
  readonly resolver: DnsResolver;
  readonly profile: string | null;
  readonly preferredChain: string | null;
  /** Which names the CAs issue for. */
  readonly issuesForName: (name: string) => boolean;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/** After these another CA would say the same. */
const SAME_EVERYWHERE = new Set(['dns_unresolvable', 'challenge_failed', 'internal']);

/**
 * Gets certificates from ACME CAs: from the first that issues. An order under way is gone on with where it was begun.
 * Before an order is spent, DNS is asked for what would forbid it, and our book for limits that are reached.
 */
export function createAcmeIssuer(options: AcmeIssuerOptions): Issuer {
  return {
    issuesFor: (names) => names.every(options.issuesForName),
    has: (issuer) => options.cas.some(({ ca }) => ca.url === issuer),
    async issue(order, context) {
      const failures: IssueFailure[] = [];
      for (const limited of inTurn(options.cas, order)) {
        try {
          return await issueAt(limited, options, order, context);
        } catch (error) {
          const failure = failureOf(error, limited.ca.host);
          if (!(failure instanceof IssueFailure) || context.signal.aborted) throw failure;
          await noteFailure(limited, options, order, context, failure);
          failures.push(failure);
          if (SAME_EVERYWHERE.has(failure.code)) break;
        }
      }
      throw inOne(failures);
    },
    revoke: (issuer, chainPem, reason) => askOne(options, issuer, (ca) => revokeAt(ca, chainPem, reason)),
    renewalInfo: (issuer, ariCertId) => askOne(options, issuer, (ca) => ca.renewalInfo(ariCertId)),
    close() {
      for (const { ca } of options.cas) ca.close();
    },
  };
}

async function askOne<T>(
  { cas }: AcmeIssuerOptions,
  issuer: string,
  ask: (ca: AcmeCa) => Promise<T>,
): Promise<T> {
  const found = cas.find(({ ca }) => ca.url === issuer)?.ca;
  if (found === undefined) throw new IssueFailure('internal', `${issuer} is none of the CAs that are set`);
  try {
    return await ask(found);
  } catch (error) {
    throw failureOf(error, found.host);
  }
}

function inTurn(cas: readonly LimitedCa[], { orderUrl, issuer }: CertificateOrderRecord): LimitedCa[] {
  const isBegun = ({ ca }: LimitedCa): boolean => orderUrl !== null && ca.url === issuer;
  return [...cas.filter(isBegun), ...cas.filter((limited) => !isBegun(limited))];
}

async function issueAt(
  { ca, book }: LimitedCa,
  options: AcmeIssuerOptions,
  record: CertificateOrderRecord,
  { save, signal }: IssueContext,
): Promise<Issued> {
  const { log, now, random } = options;
  const names = record.usedNames;
  const isBegun = record.orderUrl !== null && record.issuer === ca.url;
  const hold = isBegun ? null : await book.holdOf(names);
  if (hold !== null) {
    const detail = `${hold.detail}; nothing is asked of ${ca.host} until ${new Date(hold.until).toISOString()}`;
    throw new IssueFailure('rate_limited', detail, { retryAt: hold.until });
  }
  const directory = await ca.directory();
  const solvers = solversFor(options.solvers, record.attempts);
  if (!isBegun) await check(options, solvers, names, directory.caaIdentities);
  const former = record.certificate;
  const replaces = directory.renewalInfoUrl !== null && former?.issuer === ca.url ? former.ariCertId : null;
  const document = await runOrder({
    ca,
    record,
    names,
    solvers,
    signal,
    now,
    replaces,
    profile: profileAt(ca, options.profile, directory.profiles),
    preferredChain: options.preferredChain,
    masterKey: options.masterKey,
    save,
    onOrdered: () => book.noteOrder(names, replaces !== null),
    onLeftOver: (error, { host }) =>
      log.warn({ err: error, host }, 'the answer to a challenge was left behind'),
  });
  return {
    issuer: ca.url,
    document,
    renewAt: renewAtOf(document, random),
    ariCertId: directory.renewalInfoUrl === null ? null : ariCertIdOf(document.chainPem),
  };
}

/** The next kind of challenge comes first after each failure: one that a network keeps from working must not stop a host for ever. */
function solversFor(solvers: readonly ChallengeSolver[], attempts: number): ChallengeSolver[] {
  const first = solvers.length === 0 ? 0 : attempts % solvers.length;
  return [...solvers.slice(first), ...solvers.slice(0, first)];
}

async function check(
  { resolver }: AcmeIssuerOptions,
  solvers: readonly ChallengeSolver[],
  names: readonly Hostname[],
  caaIdentities: readonly string[],
): Promise<void> {
  const wildcard = names.find((name) => name.startsWith('*.'));
  if (wildcard !== undefined && !solvers.some(({ type }) => type === 'dns-01')) {
    const detail = `${wildcard} is a wildcard, which CAs let prove by dns-01 alone: set POSTERN_ACME_DNS_PROVIDER`;
    throw new IssueFailure('challenge_failed', detail);
  }
  const isConnected = solvers[0]?.type !== 'dns-01';
  const connected = isConnected ? names.filter((name) => !name.startsWith('*.')) : [];
  await checkNames(resolver, { names, caaIdentities, connected });
}

function profileAt(ca: AcmeCa, profile: string | null, offered: readonly string[]): string | null {
  if (profile === null || offered.length === 0 || offered.includes(profile))
    return offered.length === 0 ? null : profile;
  const detail = `${ca.host} has no profile "${profile}" (POSTERN_ACME_PROFILE); it offers ${offered.join(', ')}`;
  throw new IssueFailure('ca_refused', detail);
}

async function noteFailure(
  { ca, book }: LimitedCa,
  { log }: AcmeIssuerOptions,
  record: CertificateOrderRecord,
  { save }: IssueContext,
  failure: IssueFailure,
): Promise<void> {
  log.info(
    { err: failure, names: record.usedNames, ca: ca.host, code: failure.code },
    'certificate not issued by this CA',
  );
  const isTold = failure.cause !== undefined && failure.retryAt !== null;
  if (isTold && (failure.code === 'rate_limited' || failure.code === 'ca_unreachable'))
    await book.noteHold(record.usedNames, { until: failure.retryAt ?? 0, detail: failure.message });
  // An order that a CA could only not answer for now is gone on with; every other is of no use any more.
  if (failure.code !== 'ca_unreachable' && failure.code !== 'rate_limited')
    await save({ orderUrl: null, sealedKey: null });
}

function inOne(failures: readonly IssueFailure[]): IssueFailure {
  const [first, ...others] = failures;
  if (first === undefined) return new IssueFailure('internal', 'no CA is set');
  if (others.length === 0) return first;
  const times = failures.map(({ retryAt }) => retryAt);
  return new IssueFailure(first.code, failures.map(({ message }) => message).join('; '), {
    problemType: first.problemType,
    retryAt: times.every((time) => time !== null) ? Math.min(...times) : null,
    cause: first.cause,
  });
}
