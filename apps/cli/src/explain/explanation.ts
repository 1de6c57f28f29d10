import { X509Certificate } from 'node:crypto';
import type { EvaluationCheck, MatcherResult, RequestEvaluation } from '@postern/admission';
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
  readonly host: string;
  readonly path: string;
  readonly route: string;
  readonly rule: { readonly prefix: string; readonly name: string | null; readonly service: string } | null;
  /** The way found, leaf first, anchor last where one was reached. */
  readonly chain: readonly ExplainedCertificate[];
  /** Which `tls-ca` secret vouches; null where none does. */
  readonly anchor: { readonly fingerprint: string; readonly ca: string } | null;
  readonly checks: readonly EvaluationCheck[];
  readonly matchers: readonly MatcherResult[];
  /** Until when the verdict holds, if nothing is changed; null: no end is known. */
  readonly validUntil: string | null;
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
  { answer, client, rule }: RequestEvaluation,
  now: number,
): Explanation {
  const about = {
    host: request.serverName,
    path: request.target,
    route: known.name,
    rule: rule === null ? null : { prefix: rule.prefix, name: rule.name, service: rule.service },
  };
  const nothing = { chain: [], anchor: null, checks: [], matchers: [], validUntil: null };
  if (answer.kind === 'closed') {
    const remedy = 'see what is wrong with the route: postern route get';
    const { reason, detail } = answer;
    return { verdict: 'refuse', reason, detail, refusedAt: 'handshake', remedy, ...about, ...nothing };
  }
  if (client === null) {
    const detail = 'the host asks for no client certificate: everyone is admitted';
    return { verdict: 'admit', reason: null, detail, refusedAt: null, remedy: null, ...about, ...nothing };
  }
  const { verdict, reason, detail, refusedAt, remedy, anchor, checks, matchers, validUntil } = client;
  return {
    ...{ verdict, reason, detail, refusedAt, remedy, ...about },
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
    matchers,
    validUntil: validUntil > now && validUntil < MAX_DATE ? new Date(validUntil).toISOString() : null,
  };
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
