import { setTimeout as sleep } from 'node:timers/promises';
import { writeMatcher } from '@postern/admission';
import { type CompiledRule, PosternError, type RefusalReason } from '@postern/contracts/plain';
import type { ClientIdentity, Connection, ServedHost } from '../connection.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import { fingerprintOf } from '../tls/client-identity.ts';
import type { AccessEntry } from './access-line.ts';

/** Refusals of one entry of the ledger whose requests are all in the access log, and then each how manyth. */
const LOGGED_FIRST = 10;
const LOGGED_EACH = 1_000;

interface RefusedRequest {
  readonly connection: Connection;
  readonly served: ServedHost;
  readonly entry: AccessEntry;
  readonly ledger: Pick<ClientLedger, 'refuse'>;
}

/**
 * Records a request that is refused for who asks (403) or for a host that its connection is not for (421), and gives the problem with the
 * id of its entry in the ledger. Other problems are given back as they are. Who is refused over and over waits for it.
 */
export async function noteRefusal(problem: PosternError, request: RefusedRequest): Promise<PosternError> {
  const { connection, served, entry, ledger } = request;
  const { code } = problem;
  if (code !== 'client_certificate_refused' && code !== 'misdirected_request') return problem;
  const { client, presented } = connection;
  const chain = presented?.chain ?? [];
  const [leaf] = chain;
  const reason = code === 'misdirected_request' ? code : (problem.reason ?? 'certificate_invalid');
  const { id, nth, delayMs } = ledger.refuse({
    document: served.document,
    revision: served.revision,
    sni: connection.sni,
    reason,
    detail: problem.detail ?? '',
    // Set before only where a rule was chosen already, so it is that rule which refuses.
    rule: entry.rule,
    clientAddress: connection.clientAddress,
    fingerprint: client?.fingerprint ?? (leaf === undefined ? null : fingerprintOf(leaf)),
    chain,
    tlsVersion: connection.tlsVersion,
    phase: 'request',
    observedMatch: reason === 'subject_not_allowed' ? observedMatchOf(request) : undefined,
  });
  entry.refusal = id;
  entry.refusals = nth;
  if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
  if (id === null) return problem;
  return new PosternError(code, {
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    ...(problem.reason === undefined ? {} : { reason: problem.reason }),
    context: problem.context,
    cause: problem.cause,
    refusal: id,
  });
}

interface ObservedRequest {
  readonly connection: Connection;
  readonly client: Pick<ClientIdentity, 'fingerprint' | 'presented'>;
  readonly served: ServedHost;
  readonly reason: RefusalReason;
  readonly detail: string;
  /** The rule that would refuse; null where the host as a whole would. */
  readonly rule: Pick<CompiledRule, 'name' | 'prefix'> | null;
}

/** Records a client that is let in and would be refused if what is observed were enforced. */
export function noteObserved(ledger: Pick<ClientLedger, 'refuse'>, observed: ObservedRequest): void {
  const { connection, client, served, reason, detail, rule } = observed;
  ledger.refuse({
    document: served.document,
    revision: served.revision,
    sni: connection.sni,
    reason,
    detail,
    rule: rule === null ? null : (rule.name ?? rule.prefix),
    clientAddress: connection.clientAddress,
    fingerprint: client.fingerprint,
    chain: client.presented.chain,
    tlsVersion: connection.tlsVersion,
    phase: 'request',
    observed: true,
  });
}

/** The observed matcher, of the host or of the rule, that would admit the client of a refused request. */
function observedMatchOf({ connection, served, entry }: RefusedRequest): string | undefined {
  const { clientCertificate, rules } = served.document;
  const presented = connection.client?.presented ?? connection.presented;
  const rule = rules.find(({ name, prefix }) => (name ?? prefix) === entry.rule);
  const lists = [clientCertificate?.subjectMatches, rule?.clientCertificate?.subjectMatches];
  // Most hosts observe none, and a flood of refusals should not be judged twice.
  const isObserving = lists.some((list) => list?.some(({ observe }) => observe === true));
  if (presented === null || !isObserving) return undefined;
  const evaluation = served.evaluateForRule(rule ?? null, presented);
  const { names = null, validUntil = 0, verdict, observed } = evaluation ?? {};
  if (names === null) return undefined;
  const ofRule = rule === undefined ? undefined : served.judgeRule(rule, { names, validUntil });
  const verdicts = [{ verdict, observed }, ofRule];
  // One that stays refused by the other would not be admitted.
  if (verdicts.some((one) => (one?.observed ?? one)?.verdict === 'refuse')) return undefined;
  const hit = verdicts.find((one) => one?.observed?.verdict === 'admit')?.observed;
  return hit?.verdict === 'admit' ? writeMatcher(hit.matchedBy.matcher) : undefined;
}

/** False for most of a flood of refusals: the ledger counts them all, the access log would fill the disk. */
export function isLogged({ refusals }: AccessEntry): boolean {
  return refusals === null || refusals <= LOGGED_FIRST || refusals % LOGGED_EACH === 0;
}
