import type { RefusalReason } from '@postern/contracts';
import { escapeControls } from '@postern/pki/plain';
import { type SubjectHit, writeMatcher } from './compile-matchers.ts';
import type { EvaluatedCertificate, Evaluation, EvaluationCheck } from './evaluation.ts';
import type { ClientPolicy } from './evaluation-input.ts';

/** Trusted CAs that a remedy names; characters of one name in it. */
const SHOWN = { anchors: 3, chars: 120 } as const;

/** A refusal as far as a remedy follows from it. */
type Refused = Pick<Evaluation, 'checks' | 'path' | 'names'> & { readonly reason: RefusalReason };

/** The one thing that would change a refusal: what to do, to which certificate or to the route. One line without anything invisible. */
export function remedyOf(refused: Refused, policy: ClientPolicy): string {
  const { reason, path } = refused;
  const failed = failedCheck(refused);
  switch (reason) {
    case 'certificate_missing':
      return `show a client certificate issued below ${trustedNames(policy)}`;
    case 'certificate_untrusted':
      return untrusted(path, policy);
    case 'certificate_self_signed':
      return `show a certificate issued below ${trustedNames(policy)}, or add this one to the client CA of the route`;
    case 'certificate_expired':
      return `renew ${who(failed)}`;
    case 'certificate_not_yet_valid':
      return `wait until ${who(failed)} becomes valid, or put the clocks right`;
    case 'certificate_purpose':
      return `issue ${who(failed)} for clients: extendedKeyUsage clientAuth, keyUsage digitalSignature`;
    case 'certificate_weak':
      return `issue ${who(failed)} anew with RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519, and SHA-256`;
    case 'certificate_revoked':
      return `issue a new certificate; or, where it was revoked by mistake, take the revocation back (postern client unrevoke) or have the CA issue a list without it`;
    case 'crl_stale':
      return 'give Postern a current revocation list of the CA (postern secret create crl), or have the list count softly (--policy soft)';
    case 'chain_order':
      return 'send the leaf and after it only the intermediates that lead to the trusted CA, each after what it issued; of trusted CAs of one name keep one';
    case 'certificate_invalid':
      return `issue ${who(failed)} anew: ${failed?.detail ?? 'its path breaks RFC 5280'}`;
    case 'ca_not_allowed':
      return `show a certificate issued below ${trustedNames(policy)}`;
    case 'subject_not_allowed':
      return notAllowed(refused);
  }
}

/** What would admit a client that an observed matcher allows already. */
export function remedyOfObserved({ matcher }: SubjectHit): string {
  return `enforce the observed matcher ${shown(writeMatcher(matcher))}: take \`observe\` out of it (postern route enforce)`;
}

function untrusted(path: readonly EvaluatedCertificate[], policy: ClientPolicy): string {
  const last = path.at(-1);
  if (last === undefined) return `show a certificate issued below ${trustedNames(policy)}`;
  const issuer = shown(last.issuer);
  return `show a certificate issued below ${trustedNames(policy)}; where ${issuer} is an intermediate of that CA, send its certificate too; or add ${issuer} to the client CA of the route`;
}

function notAllowed({ names }: Refused): string {
  const own = names?.dnsNames[0] ?? names?.commonNames[0];
  if (own === undefined) return 'issue the certificate with a DNS name that a matcher of the route allows';
  return `allow the name (--client-certificate-subject ${JSON.stringify(shown(own))}), or show a certificate with a name that is allowed`;
}

/** The CAs that a policy trusts, as a remedy names them. */
export function trustedNames({ bundles }: ClientPolicy): string {
  const nodes = bundles.flatMap(({ anchors }) => anchors.nodes);
  const texts = nodes.slice(0, SHOWN.anchors).map(({ fields }) => shown(fields.subject.text));
  const more = nodes.length - texts.length;
  return texts.length === 0 ? 'a trusted CA' : `${texts.join(' or ')}${more > 0 ? ` (or ${more} more)` : ''}`;
}

function failedCheck({ checks }: Refused): EvaluationCheck | undefined {
  const failed = checks.filter(({ result }) => result === 'fail');
  // OpenSSL's no is told of the client, whichever certificate it is about.
  const own = failed.filter(({ name }) => name !== 'openssl');
  return own.toSorted((one, other) => one.position - other.position)[0] ?? failed[0];
}

function who(check: EvaluationCheck | undefined): string {
  if (check === undefined || check.position === 0) return 'the client certificate';
  return `the CA ${shown(check.certificate)}`;
}

function shown(text: string): string {
  return escapeControls(text.length > SHOWN.chars ? `${text.slice(0, SHOWN.chars)}…` : text);
}
