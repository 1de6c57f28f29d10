import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateFields, readCertificateFields, writePem } from '@postern/pki/plain';
import type { PathCertificate } from './path-result.ts';

/** A certificate that may stand on a path, with what OpenSSL makes of it, made when first needed. */
export class PathNode {
  readonly fields: CertificateFields;
  readonly source: PathCertificate['source'];
  #x509: X509Certificate | undefined;
  #key: KeyObject | undefined;

  constructor(fields: CertificateFields, source: PathCertificate['source']) {
    this.fields = fields;
    this.source = source;
  }

  get isAnchor(): boolean {
    return this.source === 'anchor';
  }

  /** True when its name is its issuer's: a root, or a CA that renews its own key (RFC 5280 section 3.2). */
  get isSelfIssued(): boolean {
    return this.fields.subject.key === this.fields.issuer.key;
  }

  /** True when the key of `issuer` made the signature. What OpenSSL cannot use has signed nothing. */
  isSignedBy(issuer: PathNode): boolean {
    try {
      this.#x509 ??= new X509Certificate(this.fields.der);
      issuer.#key ??= publicKeyOf(issuer.fields.publicKeyDer);
      return this.#x509.verify(issuer.#key);
    } catch {
      return false;
    }
  }
}

/** By way of PEM: of a key in an object Node 24 first finds out by exceptions that it is no KeyObject, which takes longer than reading it. */
function publicKeyOf(spki: Buffer): KeyObject {
  return createPublicKey(writePem('PUBLIC KEY', spki));
}

/** The trusted CAs of a host, read once and found by name. */
export interface AnchorSet {
  readonly nodes: readonly PathNode[];
  readonly bySubject: ReadonlyMap<string, readonly PathNode[]>;
}

/** Reads the anchors of a trust bundle. Throws an Error where one cannot be read: nobody is admitted over half a bundle. */
export function readAnchors(ders: readonly Buffer[]): AnchorSet {
  const nodes = ders.map((der) => new PathNode(readCertificateFields(der), 'anchor'));
  return { nodes, bySubject: groupBySubject(nodes) };
}

export function groupBySubject(nodes: readonly PathNode[]): Map<string, PathNode[]> {
  return Map.groupBy(nodes, (node) => node.fields.subject.key);
}
