import type { RefusalReason } from '@postern/contracts';
import { type CertificateFields, readCertificateFields } from '@postern/pki/plain';
import type { CertificateFinding, Purpose } from './check-certificate.ts';
import { limitsDnsNames } from './check-names.ts';
import { type AnchorSet, PathNode } from './path-node.ts';
import type { PathCertificate, PathCheck, PathResult } from './path-result.ts';
import { type CandidatePath, PathSearch } from './path-search.ts';

/** Bounds of what is read of one client. */
export const PATH_INPUT_LIMITS = {
  /** Certificates besides the leaf; real chains have one to three. */
  certificatesMax: 32,
  /** Bytes of all certificates besides the leaf; OpenSSL takes 100 KiB of a client. */
  bytesMax: 100 * 1024,
} as const;

export interface PathInput {
  /** DER as presented: leaf first, then anything in any order. */
  readonly chain: readonly Buffer[];
  readonly anchors: AnchorSet;
  /** DER of further intermediates, known from elsewhere; tried after those presented. */
  readonly extra?: readonly Buffer[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly purpose: Purpose;
}

/**
 * Validates a presented certificate against trusted CAs after RFC 5280 section 6, and tells every step.
 *
 * Pure: the same input gives the same answer, until the answer's `validUntil`. Order and surplus of what was presented do not matter;
 * several ways are tried. What cannot be read is no part of a path; a leaf that cannot be read is refused. The work is
 * bounded (SEARCH_LIMITS): a client that needs more is refused. docs/admission.md lists where OpenSSL answers otherwise.
 */
export function validatePath(input: PathInput): PathResult {
  const [leafDer] = input.chain;
  const leafFields = leafDer === undefined ? 'no certificate was presented' : read(leafDer);
  if (typeof leafFields === 'string') return unreadable(leafDer, leafFields);
  const leaf = new PathNode(leafFields, 'leaf');
  const search = new PathSearch({ ...input, leaf, pool: poolOf(input, leafFields) });
  const valid = search.findValid();
  if (valid !== undefined) {
    return {
      verdict: 'admit',
      path: valid.nodes.map(shownCertificate),
      checks: checksOf(valid),
      validUntil: Math.min(...valid.nodes.map(({ fields }) => fields.notAfter)),
      constrainsDnsNames: valid.nodes.slice(1).some(({ fields }) => limitsDnsNames(fields)),
    };
  }
  const broken = search.isExhausted ? undefined : search.findBroken();
  return broken === undefined ? refuseUnanchored(search, input) : refuseBroken(search, broken);
}

function refuseBroken(search: PathSearch, broken: CandidatePath): PathResult {
  const checks = checksOf(broken);
  const [position, failure] = worstOf(broken);
  const subject = broken.nodes[position]?.fields.subject.text ?? '';
  return {
    verdict: 'refuse',
    reason: failure.reason ?? 'certificate_invalid',
    detail: `${nameOf(position, subject)}: ${failure.detail}`,
    path: broken.nodes.map(shownCertificate),
    checks,
    validUntil: search.nextBegin,
  };
}

function refuseUnanchored(search: PathSearch, { anchors }: PathInput): PathResult {
  const way = search.deadEnd;
  const position = way.length - 1;
  const last = way[position];
  const { reason, detail } = unanchoredReason(search, anchors);
  const issuerCheck: PathCheck = {
    name: 'issuer',
    position,
    certificate: last?.fields.subject.text ?? '',
    result: 'fail',
    detail,
  };
  const looks = way.flatMap((node, index) =>
    search
      .findingsOf(node, index === 0 ? 'leaf' : 'intermediate')
      .map((finding) => toCheck(finding, index, node)),
  );
  return {
    verdict: 'refuse',
    reason,
    detail,
    path: way.map(shownCertificate),
    checks: [...looks, issuerCheck],
    validUntil: search.nextBegin,
  };
}

function unanchoredReason(search: PathSearch, anchors: AnchorSet): { reason: RefusalReason; detail: string } {
  if (search.isExhausted) {
    return {
      reason: 'certificate_invalid',
      detail:
        'the certificates sent allow more ways than are tried: send the leaf and its intermediates alone',
    };
  }
  const way = search.deadEnd;
  const last = way.at(-1);
  const [impostor] = search.impostors;
  if (impostor !== undefined) {
    const detail = `a CA of the name ${impostor.fields.subject.text} is there, but its key did not make the signature`;
    return { reason: 'certificate_untrusted', detail };
  }
  if (way.length === 1 && last?.isSelfIssued === true) {
    return {
      reason: 'certificate_self_signed',
      detail: 'it names itself as its issuer and is not itself trusted',
    };
  }
  const wanted = last?.fields.issuer;
  const isNamed = wanted !== undefined && anchors.bySubject.has(wanted.key);
  const detail = isNamed
    ? `the trusted CA of the name ${wanted.text} has another key than the certificate says (authorityKeyIdentifier)`
    : `its issuer ${wanted?.text ?? ''} is neither a trusted CA nor among the certificates sent`;
  return { reason: 'certificate_untrusted', detail };
}

function unreadable(der: Buffer | undefined, detail: string): PathResult {
  const reason = der === undefined ? 'certificate_missing' : 'certificate_invalid';
  const checks: PathCheck[] = [{ name: 'readable', position: 0, certificate: '', result: 'fail', detail }];
  return { verdict: 'refuse', reason, detail, path: [], checks, validUntil: Number.POSITIVE_INFINITY };
}

/** What was sent and what is known besides, without what is unreadable, occurs twice, or is trusted anyway. */
function poolOf({ chain, extra = [], anchors }: PathInput, leaf: CertificateFields): PathNode[] {
  const pool: PathNode[] = [];
  const seen = [leaf.der];
  let bytes = 0;
  const take = (der: Buffer, source: 'sent' | 'extra') => {
    bytes += der.length;
    if (pool.length >= PATH_INPUT_LIMITS.certificatesMax || bytes > PATH_INPUT_LIMITS.bytesMax) return;
    if (seen.some((other) => other.equals(der))) return;
    seen.push(der);
    const fields = read(der);
    if (typeof fields === 'string') return;
    const namesakes = anchors.bySubject.get(fields.subject.key) ?? [];
    if (namesakes.some((anchor) => anchor.fields.der.equals(der))) return;
    pool.push(new PathNode(fields, source));
  };
  for (const der of chain.slice(1)) take(der, 'sent');
  for (const der of extra) take(der, 'extra');
  return pool;
}

function read(der: Buffer): CertificateFields | string {
  try {
    return readCertificateFields(der);
  } catch (error) {
    return `the certificate cannot be read: ${error instanceof Error ? error.message : 'malformed'}`;
  }
}

/** The failure to tell: of the leaf before those above it, and in the order of the checks. */
function worstOf({ findings }: CandidatePath): [number, CertificateFinding] {
  for (const [position, own] of findings.entries()) {
    const failure = own.find(({ reason }) => reason !== null);
    if (failure !== undefined) return [position, failure];
  }
  throw new Error('a broken path has a failure');
}

function checksOf({ nodes, findings }: CandidatePath): PathCheck[] {
  return nodes.flatMap((node, position) => {
    const issuer = nodes[position + 1];
    const own = (findings[position] ?? []).map((finding) => toCheck(finding, position, node));
    if (issuer === undefined) return own;
    const detail = `by ${issuer.fields.subject.text}`;
    return [
      { name: 'signature', position, certificate: node.fields.subject.text, result: 'pass', detail } as const,
      ...own,
    ];
  });
}

function toCheck(
  { name, reason, detail }: CertificateFinding,
  position: number,
  { fields }: PathNode,
): PathCheck {
  return {
    name,
    position,
    certificate: fields.subject.text,
    result: reason === null ? 'pass' : 'fail',
    detail,
  };
}

function shownCertificate({ fields, source }: PathNode): PathCertificate {
  return { source, der: fields.der, subject: fields.subject.text, issuer: fields.issuer.text };
}

function nameOf(position: number, subject: string): string {
  return position === 0 ? 'the certificate' : `the CA ${subject}`;
}
