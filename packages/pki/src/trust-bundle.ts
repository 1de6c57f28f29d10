import { createHash } from 'node:crypto';
import type { TrustBundle } from '@postern/contracts';
import type { ParsedCertificate } from './certificates-pem.ts';
import { contextConstructed, DER_TAGS, DerCursor } from './der-cursor.ts';

/** The anchors as the feed carries them; `contentHash` is over their DERs in order. */
export function trustBundleOf(certificates: readonly Pick<ParsedCertificate, 'der' | 'pem'>[]): TrustBundle {
  const hash = createHash('sha256');
  for (const { der } of certificates) hash.update(der);
  return { contentHash: hash.digest('hex'), anchorsPem: certificates.map(({ pem }) => pem) };
}

/** Bytes that the subject of a CA takes in the list of CAs that a handshake sends. Throws an Error where it cannot be read. */
export function subjectBytes(der: Buffer): number {
  const fields = new DerCursor(der).enter(DER_TAGS.sequence).enter(DER_TAGS.sequence);
  fields.takeIf(contextConstructed(0));
  fields.take(DER_TAGS.integer);
  // Signature algorithm, issuer and validity.
  for (let before = 0; before < 3; before += 1) fields.take(DER_TAGS.sequence);
  return fields.take(DER_TAGS.sequence).whole.length;
}
