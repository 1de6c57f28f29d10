import { LIMITS } from '@postern/contracts';
import { subjectBytes } from '@postern/pki';
import { UnusableDocument } from './read-documents.ts';
import type { EdgeHost } from './served-host.ts';

/**
 * The anchors of a host in PEM, each once; null where it demands no certificate. Throws UnusableDocument where their names
 * do not fit a handshake.
 *
 * Of two CAs of one name OpenSSL takes the first where a certificate does not say which (authorityKeyIdentifier): the
 * clients of the present CA must not fall when a rotation begins.
 */
export function anchorsOfHost({
  bundle,
  nextBundle,
}: Pick<EdgeHost, 'bundle' | 'nextBundle'>): string[] | null {
  if (bundle === null) return null;
  if (nextBundle === null) return [...bundle.anchorsPem];
  const ders = [...bundle.anchors.nodes, ...nextBundle.anchors.nodes].map(({ fields }) => fields.der);
  const nameBytes = ders.reduce((sum, der) => sum + subjectBytes(der), 0);
  if (nameBytes > LIMITS.anchorNamesBytesMax) {
    throw new UnusableDocument(
      'trust_bundle_unusable',
      `the subject names of both client CAs take ${nameBytes} bytes: at most ${LIMITS.anchorNamesBytesMax} fit a handshake`,
    );
  }
  return [...new Set([...bundle.anchorsPem, ...nextBundle.anchorsPem])];
}
