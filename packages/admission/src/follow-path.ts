import type { X509Certificate } from 'node:crypto';
import { constrainsDnsNames } from '@postern/pki';

/** The way from a client's leaf up to an anchor. */
export interface CertificatePath {
  /** Certificates between leaf and anchor, nearest to the leaf first. */
  readonly intermediates: readonly X509Certificate[];
  /** Milliseconds since 1970: earliest end of validity on the path, leaf and anchor included. */
  readonly validUntil: number;
  /** True where a certificate above the leaf limits the DNS names below it. */
  readonly constrainsNames: boolean;
}

/**
 * Follows a leaf to the anchors over what the client sent, each step proved by its signature; undefined where none leads there.
 *
 * Whoever shows a chain chooses what stands in it: a stranger's certificate of an issuer's name would otherwise hide the
 * issuer, its end and its limits. This says which certificates count; whether each may stand where it does is OpenSSL's to say, before.
 * `sent` is in order, the issuer of the leaf first; what leads nowhere ends the search, as OpenSSL does not backtrack either.
 */
export function followPath(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
): CertificatePath | undefined {
  const above: X509Certificate[] = [];
  const intermediates: X509Certificate[] = [];
  const rest = [...sent];
  let isAnchored = anchors.some((anchor) => anchor.raw.equals(leaf.raw));
  for (;;) {
    const last = above.at(-1) ?? leaf;
    if (isAnchored && last.checkIssued(last)) break;
    const anchor = issuerAmong(anchors, last, [leaf, ...above]);
    if (anchor === undefined) {
      const next = isAnchored ? undefined : rest.shift();
      if (next === undefined || !isIssuer(next, last)) break;
      intermediates.push(next);
      above.push(next);
    } else {
      // Above an anchor further ones count, as for OpenSSL; never again what was sent.
      isAnchored = true;
      above.push(anchor);
    }
  }
  if (!isAnchored) return undefined;
  return {
    intermediates,
    validUntil: Math.min(endOf(leaf), ...above.map(endOf)),
    constrainsNames: above.some(({ raw }) => constrainsDnsNames(raw)),
  };
}

/** A CA that was renewed under its old key is one issuer: of its certificates the one that ends last counts. */
function issuerAmong(
  anchors: readonly X509Certificate[],
  subject: X509Certificate,
  passed: readonly X509Certificate[],
): X509Certificate | undefined {
  return anchors
    .filter((anchor) => !passed.some(({ raw }) => raw.equals(anchor.raw)) && isIssuer(anchor, subject))
    .toSorted((a, b) => endOf(b) - endOf(a))[0];
}

function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function endOf(certificate: X509Certificate): number {
  return certificate.validToDate.getTime();
}
