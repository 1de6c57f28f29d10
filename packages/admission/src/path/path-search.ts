import type { AuthorityKeyId, CertificateFields } from '@postern/pki';
import { type CertificateFinding, checkCertificate, type Purpose, type Role } from './check-certificate.ts';
import { comparisonsOf, NAME_COMPARISONS_MAX, nameOutside } from './check-names.ts';
import { type AnchorSet, groupBySubject, type PathNode } from './path-node.ts';

/** Bounds of one search. Together they keep what a hostile client can cost below 50 ms. */
export const SEARCH_LIMITS = {
  /** Certificates on a path, leaf and anchor included; real ones have two to four. */
  pathMax: 10,
  /** Issuers tried, over both ways through the search. */
  triesMax: 4_000,
  /** Signature checks by their cost, one P-256 (some 0.2 ms) being 1; four P-521 cost 64. */
  signatureCostMax: 96,
} as const;

/** A way from the leaf to an anchor with all that is wrong with it; `broken` lists links whose signature is not the issuer's. */
export interface CandidatePath {
  readonly nodes: readonly PathNode[];
  readonly findings: readonly (readonly CertificateFinding[])[];
  readonly failures: number;
}

interface SearchInput {
  readonly leaf: PathNode;
  /** Further certificates, in order of preference, without the leaf and without anchors. */
  readonly pool: readonly PathNode[];
  readonly anchors: AnchorSet;
  readonly now: number;
  readonly purpose: Purpose;
}

/**
 * Looks for paths from one leaf to the anchors, depth first with going back, within SEARCH_LIMITS.
 *
 * Anchors are tried before what was sent, what is valid now before what is not. Signatures are checked once for each pair, and only on
 * ways that lead to an anchor by names and rules.
 */
export class PathSearch {
  readonly #input: SearchInput;
  readonly #pool: ReadonlyMap<string, readonly PathNode[]>;
  readonly #findings = new Map<PathNode, Map<Role, CertificateFinding[]>>();
  readonly #signatures = new Map<PathNode, Map<PathNode, boolean>>();
  #tries = 0;
  #signatureCost = 0;
  #nameComparisons = 0;
  /** True once a bound was reached, so that "none found" is not the same as "none there". */
  isExhausted = false;
  /** The longest way that ended without an anchor. */
  deadEnd: readonly PathNode[];
  /** Issuers by name whose key did not sign, nearest to the leaf first. */
  readonly impostors: PathNode[] = [];
  /** The moment at which this search could come out better: the next begin of a validity. */
  nextBegin = Number.POSITIVE_INFINITY;

  constructor(input: SearchInput) {
    this.#input = input;
    this.#pool = groupBySubject(input.pool);
    this.deadEnd = [input.leaf];
  }

  /** The first path on which nothing is wrong. */
  findValid(): CandidatePath | undefined {
    return this.#explore((candidate) => candidate.failures === 0, { isTolerant: false });
  }

  /** Of the ways that are signed but break rules, the one that breaks the fewest. */
  findBroken(): CandidatePath | undefined {
    let best: CandidatePath | undefined;
    this.#explore(
      (candidate) => {
        if (best === undefined || candidate.failures < best.failures) best = candidate;
        return candidate.failures === 1;
      },
      { isTolerant: true },
    );
    return best;
  }

  /** What a certificate is worth in its role; looked at once. */
  findingsOf(node: PathNode, role: Role): CertificateFinding[] {
    const known = this.#findings.get(node) ?? new Map<Role, CertificateFinding[]>();
    this.#findings.set(node, known);
    const findings = known.get(role) ?? checkCertificate(node.fields, role, this.#input);
    known.set(role, findings);
    if (node.fields.notBefore > this.#input.now)
      this.nextBegin = Math.min(this.nextBegin, node.fields.notBefore);
    return findings;
  }

  #explore(
    accept: (candidate: CandidatePath) => boolean,
    options: { readonly isTolerant: boolean },
  ): CandidatePath | undefined {
    const { leaf, anchors } = this.#input;
    if (anchors.nodes.some((anchor) => anchor.fields.der.equals(leaf.fields.der))) {
      const candidate = this.#judge([leaf]);
      return accept(candidate) ? candidate : undefined;
    }
    if (!options.isTolerant && !this.#isSound(leaf, 'leaf')) return undefined;
    return this.#extend([leaf], accept, options);
  }

  #extend(
    way: readonly PathNode[],
    accept: (candidate: CandidatePath) => boolean,
    options: { readonly isTolerant: boolean },
  ): CandidatePath | undefined {
    const last = way.at(-1) ?? this.#input.leaf;
    if (way.length > this.deadEnd.length) this.deadEnd = way;
    if (way.length >= SEARCH_LIMITS.pathMax) {
      this.isExhausted = true;
      return undefined;
    }
    for (const issuer of this.#issuersOf(last)) {
      if (this.#tries >= SEARCH_LIMITS.triesMax) this.isExhausted = true;
      if (this.isExhausted) return undefined;
      this.#tries += 1;
      if (way.some((node) => isSameEntity(node, issuer))) continue;
      if (this.#signatures.get(last)?.get(issuer) === false) continue;
      if (!options.isTolerant && !this.#mayIssue(issuer, way)) continue;
      const longer = [...way, issuer];
      if (issuer.isAnchor) {
        if (!this.#isSigned(longer)) continue;
        const candidate = this.#judge(longer);
        if (accept(candidate)) return candidate;
      } else {
        const found = this.#extend(longer, accept, options);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #issuersOf({ fields }: PathNode): PathNode[] {
    const { now, anchors } = this.#input;
    const fits = (node: PathNode) => isKeyOf(fields.authorityKeyId, node.fields);
    const own = (anchors.bySubject.get(fields.issuer.key) ?? []).filter(fits);
    const sent = (this.#pool.get(fields.issuer.key) ?? []).filter(fits);
    const isValid = (node: PathNode) => node.fields.notBefore <= now && now < node.fields.notAfter;
    const rank = (node: PathNode) => (isValid(node) ? 0 : 1);
    const order = (nodes: PathNode[]) =>
      nodes.toSorted((a, b) => rank(a) - rank(b) || b.fields.notAfter - a.fields.notAfter);
    return [...order(own), ...order(sent)];
  }

  #mayIssue(issuer: PathNode, way: readonly PathNode[]): boolean {
    return this.#isSound(issuer, issuer.isAnchor ? 'anchor' : 'intermediate') && !isTooDeep(issuer, way);
  }

  #isSound(node: PathNode, role: Role): boolean {
    return this.findingsOf(node, role).every(({ reason }) => reason === null);
  }

  /** Checks the links from the leaf up; a link that is not signed is never walked again. */
  #isSigned(way: readonly PathNode[]): boolean {
    for (const [index, node] of way.entries()) {
      const issuer = way[index + 1];
      if (issuer !== undefined && !this.#isLink(node, issuer)) return false;
    }
    return true;
  }

  #isLink(node: PathNode, issuer: PathNode): boolean {
    const known = this.#signatures.get(node) ?? new Map<PathNode, boolean>();
    this.#signatures.set(node, known);
    const before = known.get(issuer);
    if (before !== undefined) return before;
    const cost = costOf(issuer.fields);
    if (this.#signatureCost + cost > SEARCH_LIMITS.signatureCostMax) {
      this.isExhausted = true;
      return false;
    }
    this.#signatureCost += cost;
    // A key that is too weak to be used is not used; the way fails over it anyway.
    const isSigned = cost === 0 || node.isSignedBy(issuer);
    known.set(issuer, isSigned);
    if (!isSigned) this.impostors.push(issuer);
    return isSigned;
  }

  #judge(nodes: readonly PathNode[]): CandidatePath {
    const isAlone = nodes.length === 1;
    const findings = nodes.map((node, index) => {
      const role = isAlone
        ? 'trusted-leaf'
        : index === 0
          ? 'leaf'
          : node.isAnchor
            ? 'anchor'
            : 'intermediate';
      const own = [...this.findingsOf(node, role)];
      if (index > 0) own.push(pathLengthFinding(node, nodes.slice(0, index)));
      const outside = this.#nameOutside(nodes, index);
      own.push({
        name: 'name_constraints',
        reason: outside === null ? null : 'certificate_invalid',
        detail: outside ?? 'within the limits of the CAs above',
      });
      return own;
    });
    const failures = findings.flat().filter(({ reason }) => reason !== null).length;
    return { nodes, findings, failures };
  }

  #nameOutside(nodes: readonly PathNode[], index: number): string | null {
    const node = nodes[index];
    // A CA that renews its own key is not held to limits (RFC 5280 section 6.1.3 b), unless it is the leaf.
    if (node === undefined || (index > 0 && node.isSelfIssued)) return null;
    for (const { fields } of nodes.slice(index + 1)) {
      if (fields.nameConstraints === null) continue;
      this.#nameComparisons += comparisonsOf(node.fields, fields.nameConstraints);
      if (this.#nameComparisons > NAME_COMPARISONS_MAX) {
        this.isExhausted = true;
        return 'more names and limits than are compared';
      }
      const outside = nameOutside(node.fields, { isLeaf: index === 0 }, fields.nameConstraints);
      if (outside !== null) return outside;
    }
    return null;
  }
}

/** The same name and key is the same CA, whoever certified it: twice on a path it would only be a loop. */
function isSameEntity(a: PathNode, b: PathNode): boolean {
  return (
    a === b ||
    (a.fields.subject.key === b.fields.subject.key && a.fields.publicKeyDer.equals(b.fields.publicKeyDer))
  );
}

/** What names the issuer's key must not name another one (RFC 5280 section 4.2.1.1). */
export function isKeyOf(id: AuthorityKeyId | null, issuer: CertificateFields): boolean {
  if (id === null) return true;
  if (id.keyId !== null && issuer.subjectKeyId !== null && id.keyId !== issuer.subjectKeyId) return false;
  if (id.serialNumber !== null && id.serialNumber !== issuer.serialNumber) return false;
  return id.issuerKeys.length === 0 || id.issuerKeys.includes(issuer.issuer.key);
}

function isTooDeep(issuer: PathNode, below: readonly PathNode[]): boolean {
  return pathLengthFinding(issuer, below).reason !== null;
}

function pathLengthFinding(issuer: PathNode, below: readonly PathNode[]): CertificateFinding {
  const most = issuer.fields.basicConstraints?.pathLength ?? null;
  const count = below.slice(1).filter((node) => !node.isSelfIssued).length;
  const name = 'path_length';
  if (most === null) return { name, reason: null, detail: 'no limit' };
  const detail = `${count} CAs below, at most ${most} allowed`;
  return { name, reason: count > most ? 'certificate_invalid' : null, detail };
}

/** What checking one signature by this key costs; 0 for keys that are never used. */
function costOf({ publicKey }: CertificateFields): number {
  switch (publicKey.type) {
    case 'rsa':
      return publicKey.bits < 2048 || publicKey.bits > 8192 || !publicKey.hasSoundExponent
        ? 0
        : publicKey.bits > 4096
          ? 4
          : 1;
    case 'ec':
      return publicKey.curve === null ? 0 : (CURVE_COSTS[publicKey.curve] ?? 0);
    case 'ed25519':
      return 1;
    case 'ed448':
      return 3;
    case 'other':
      return 0;
  }
}

const CURVE_COSTS: Readonly<Record<string, number>> = {
  '1.2.840.10045.3.1.7': 1,
  '1.3.132.0.34': 7,
  '1.3.132.0.35': 16,
};
