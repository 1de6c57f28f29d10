import { X509Certificate } from 'node:crypto';
import {
  compileMatchers,
  type Evaluation,
  type EvaluationCheck,
  judgeSubject,
  type MatcherResult,
  type RequestEvaluation,
  type SubjectHit,
} from '@postern/admission';
import type { CompiledRule, Verdict } from '@postern/contracts';
import type { KnownRoute } from '../route/known-route.ts';

/** Why a client is admitted or refused, as `explain -o json` prints it; docs/explain.md says what may change. */
export interface Explanation {
  readonly verdict: 'admit' | 'refuse';
  /** A word of docs/explain.md; null when admitted. */
  readonly reason: string | null;
  readonly detail: string;
  /** Where a refused client learns of it; null when admitted. */
  readonly refusedAt: 'handshake' | 'request' | null;
  /** The one thing that would change a refusal; null when admitted. */
  readonly remedy: string | null;
  /** Why an admitted client would be refused if what the route only observes were enforced; null otherwise. */
  readonly observed: { readonly reason: string; readonly detail: string; readonly remedy: string } | null;
  /** The observed matcher that would admit a refused client, and the name it hits; null otherwise. */
  readonly observedMatch: SubjectHit | null;
  readonly host: string;
  readonly path: string;
  readonly route: string;
  readonly rule: { readonly prefix: string; readonly name: string | null; readonly service: string } | null;
  /** The way found, leaf first, anchor last where one was reached. */
  readonly chain: readonly ExplainedCertificate[];
  /** Which `tls-ca` secret vouches; null where none does. */
  readonly anchor: { readonly fingerprint: string; readonly ca: string } | null;
  readonly checks: readonly EvaluationCheck[];
  readonly matchers: readonly ExplainedMatcher[];
  /** Until when the verdict holds, if nothing is changed; null: no end is known. */
  readonly validUntil: string | null;
}

/** A matcher, and whether the whole route demands it or the rule alone. */
export interface ExplainedMatcher extends MatcherResult {
  readonly of: 'route' | 'rule';
}

export interface ExplainedCertificate {
  readonly source: 'leaf' | 'sent' | 'extra' | 'anchor';
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly fingerprint: string;
}

/** Puts an evaluation into its printed form. `now` is milliseconds since 1970. */
export function explanationOf(
  known: KnownRoute,
  request: { readonly serverName: string; readonly target: string },
  evaluation: RequestEvaluation,
  now: number,
): Explanation {
  const { answer, client, rule } = evaluation;
  const about = {
    host: request.serverName,
    path: request.target,
    route: known.name,
    rule: rule === null ? null : { prefix: rule.prefix, name: rule.name, service: rule.service },
  };
  const nothing = {
    observed: null,
    observedMatch: null,
    chain: [],
    anchor: null,
    checks: [],
    matchers: [],
    validUntil: null,
  };
  if (answer.kind === 'closed') {
    const remedy = 'see what is wrong with the route: postern route get';
    const { reason, detail } = answer;
    return { verdict: 'refuse', reason, detail, refusedAt: 'handshake', remedy, ...about, ...nothing };
  }
  if (client === null) {
    const isAsked = known.document.clientCertificate?.mode === 'request';
    const detail = isAsked
      ? 'a client certificate is asked for, and none is demanded here: everyone is admitted'
      : 'the host asks for no client certificate: everyone is admitted';
    return { verdict: 'admit', reason: null, detail, refusedAt: null, remedy: null, ...about, ...nothing };
  }
  const { anchor, checks, validUntil } = client;
  return {
    ...decisionOf(evaluation, client, known.document.clientCertificate?.observe === true),
    ...about,
    chain: client.path.map(({ der, source, subject, issuer, fingerprint }) => ({
      ...{ source, subject, issuer },
      ...datesOf(der),
      fingerprint,
    })),
    anchor:
      anchor === null
        ? null
        : { fingerprint: anchor.fingerprint, ca: known.caNames.get(anchor.bundle) ?? anchor.bundle },
    checks,
    matchers: matchersOf(client, rule),
    validUntil: validUntil > now && validUntil < MAX_DATE ? new Date(validUntil).toISOString() : null,
  };
}

type Decision = Pick<
  Explanation,
  'verdict' | 'reason' | 'detail' | 'refusedAt' | 'remedy' | 'observed' | 'observedMatch'
>;

/** What the edge does: a route that only observes admits whom it would refuse, and a rule may refuse whom its host admits. */
function decisionOf({ answer, rule }: RequestEvaluation, client: Evaluation, isObserved: boolean): Decision {
  const ofRule = verdictOfRule(client, rule);
  const isRefusedOnce = [client, ofRule].some((one) => (one?.observed ?? one)?.verdict === 'refuse');
  const { verdict, reason, detail, refusedAt, remedy } = client;
  const isRefused =
    answer.kind === 'handshake' ||
    (answer.kind === 'problem' && answer.code === 'client_certificate_refused');
  if (verdict === 'admit' && isRefused) {
    const isAllowed = ofRule?.observed?.verdict === 'admit' && !isRefusedOnce;
    return {
      ...{ verdict: 'refuse', reason: 'subject_not_allowed', detail: answer.detail, refusedAt: 'request' },
      remedy: `show a certificate with a name that the rule ${rule?.prefix ?? ''} allows, or add it to clientCertificate.subjectMatches of the rule`,
      observed: null,
      observedMatch: isAllowed ? ofRule.observed.matchedBy : null,
    };
  }
  if (reason !== null && !isRefused && isObserved) {
    const observed = { reason, detail, remedy: remedy ?? '' };
    const admitted = { verdict: 'admit', reason: null, refusedAt: null, remedy: null } as const;
    const observes = 'the route only observes: everyone is admitted';
    return { ...admitted, detail: observes, observed, observedMatch: null };
  }
  const decision = { verdict, reason, detail, refusedAt, remedy, observed: null, observedMatch: null };
  if (verdict === 'refuse') {
    const { observed } = client;
    const isAllowed = observed?.verdict === 'admit' && !isRefusedOnce;
    return { ...decision, observedMatch: isAllowed ? observed.matchedBy : null };
  }
  const once = [client.observed, ofRule?.observed].find((one) => one?.verdict === 'refuse');
  return once === undefined
    ? decision
    : { ...decision, observed: { reason: once.reason, detail: once.detail, remedy: REMEDY_OBSERVED } };
}

const REMEDY_OBSERVED =
  'allow a name of it before the matchers are enforced, or show a certificate with a name that they allow';

/** What the matchers of the rule say of a client whose names are known; undefined where there are none. */
function verdictOfRule({ names, validUntil }: Evaluation, rule: CompiledRule | null): Verdict | undefined {
  const own = rule?.clientCertificate?.subjectMatches ?? [];
  const compiled = compileMatchers(own);
  if (names === null || own.length === 0 || !compiled.ok) return undefined;
  return judgeSubject({ names, validUntil }, compiled);
}

function matchersOf({ matchers, names }: Evaluation, rule: CompiledRule | null): ExplainedMatcher[] {
  const own = rule?.clientCertificate?.subjectMatches ?? [];
  const compiled = compileMatchers(own);
  const ofRule = names === null || !compiled.ok ? [] : compiled.results(names);
  return [
    ...matchers.map((result) => ({ ...result, of: 'route' as const })),
    ...ofRule.map((result) => ({ ...result, of: 'rule' as const })),
  ];
}

/** Milliseconds since 1970 of the last moment of the year 9999. */
const MAX_DATE = 253_402_300_800_000;

function datesOf(der: Buffer): { serial: string; notBefore: string; notAfter: string } {
  const { serialNumber, validFromDate, validToDate } = new X509Certificate(der);
  return {
    serial: serialNumber.toLowerCase(),
    notBefore: validFromDate.toISOString(),
    notAfter: validToDate.toISOString(),
  };
}
