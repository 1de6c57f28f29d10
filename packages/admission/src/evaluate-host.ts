import type { CompiledRule } from '@postern/contracts';
import { type FindClientPath, findClientPath } from './client-path.ts';
import type { HostPolicy } from './client-policy.ts';
import { evaluateClient } from './evaluate-client.ts';
import type { Evaluation, EvaluationCheck } from './evaluation.ts';
import type { ClientPolicy, PresentedClient } from './evaluation-input.ts';
import { remedyOf, trustedNames } from './remedy.ts';

/** The part of a rule that says which CA must vouch for its clients. */
type RuleOfCa = Pick<CompiledRule, 'clientCertificate'>;

/** Vouches for nobody. */
const NOBODY: ClientPolicy = { bundles: [], matchers: null, revocations: null };

/**
 * Says what a connection of a client is worth: the first of all that the host and its rules demand that admits the client speaks, else the
 * one that comes nearest. Whom it refuses in the handshake no rule admits. Pure, as `evaluateClient`.
 */
export function evaluateForHost(
  client: PresentedClient,
  { own, ofRules }: HostPolicy,
  now: number,
  find: FindClientPath = findClientPath,
): Evaluation {
  let best: Evaluation | undefined;
  for (const policy of [...(own === null ? [] : [own]), ...ofRules.values()]) {
    const evaluation = evaluateClient(client, policy, now, find);
    if (evaluation.verdict === 'admit') return evaluation;
    if (best === undefined || nearnessOf(evaluation) > nearnessOf(best)) best = evaluation;
  }
  return best ?? evaluateClient(client, NOBODY, now, find);
}

/**
 * Says whether a client has the CA and the names that hold where a rule applies, or no rule (null); what the rule's own matchers say is
 * `compileRuleDemands`. Null: nothing is demanded there. On hosts whose rules name CAs who is refused learns of it in an answer, since
 * the connection may be good for another rule. Pure, as `evaluateClient`.
 */
export function evaluateForRule(
  client: PresentedClient,
  host: HostPolicy,
  rule: RuleOfCa | null,
  now: number,
  find: FindClientPath = findClientPath,
): Evaluation | null {
  const id = rule?.clientCertificate?.trustBundle;
  const policy = id === undefined ? host.own : (host.ofRules.get(id) ?? NOBODY);
  if (policy === null) return null;
  const evaluation = evaluateClient(client, policy, now, find);
  if (host.ofRules.size === 0) return evaluation;
  if (isStranger(evaluation)) {
    const elsewhere = evaluateForHost(client, host, now, find);
    if (elsewhere.anchor !== null && elsewhere.refusedAt !== 'handshake') {
      return refuseOtherCa(evaluation, elsewhere, policy);
    }
  }
  const refusedAt = evaluation.verdict === 'refuse' ? 'request' : null;
  if (id === undefined || evaluation.anchor === null) return { ...evaluation, refusedAt };
  const check = caCheck(evaluation, 'pass', 'the path ends in the CA that the rule demands');
  return { ...evaluation, refusedAt, checks: [...evaluation.checks, check] };
}

/** Trusted for something else than is asked for. */
function refuseOtherCa(evaluation: Evaluation, elsewhere: Evaluation, policy: ClientPolicy): Evaluation {
  const { checks, path } = elsewhere;
  const wanted = trustedNames(policy);
  const detail = `the certificate leads to ${path.at(-1)?.subject ?? 'another CA'}, not to ${wanted}`;
  return {
    ...evaluation,
    reason: 'ca_not_allowed',
    detail,
    refusedAt: 'request',
    remedy: remedyOf({ ...elsewhere, reason: 'ca_not_allowed' }, policy),
    checks: [...checks, caCheck(elsewhere, 'fail', detail)],
    path,
    // Either may change it: another path for the one, the end of the present one for the other.
    validUntil: Math.min(evaluation.validUntil, elsewhere.validUntil),
  };
}

function caCheck({ path }: Evaluation, result: EvaluationCheck['result'], detail: string): EvaluationCheck {
  const position = Math.max(0, path.length - 1);
  return { name: 'rule_ca', position, certificate: path[position]?.subject ?? '', result, detail };
}

function nearnessOf(evaluation: Evaluation): number {
  if (evaluation.refusedAt === 'request') return 2;
  return isStranger(evaluation) ? 0 : 1;
}

function isStranger({ reason }: Evaluation): boolean {
  return reason === 'certificate_untrusted' || reason === 'certificate_self_signed';
}
