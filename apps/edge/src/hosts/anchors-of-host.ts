import { LIMITS } from '@postern/contracts/plain';
import { subjectBytes } from '@postern/pki/plain';
import { UnusableDocument } from './read-documents.ts';
import type { EdgeHost } from './served-host.ts';

/**
 * The anchors of a host in PEM, each once; null where it asks for no certificate. Throws UnusableDocument where their names
 * do not fit a handshake.
 *
 * Of two CAs of one name OpenSSL takes the first where a certificate does not say which (authorityKeyIdentifier): the
 * clients of the present CA must not fall when a rotation begins, or when a rule names a CA of its own.
 */
export function anchorsOfHost({ bundles }: Pick<EdgeHost, 'bundles'>): string[] | null {
  const all = [...bundles.values()];
  const [first] = all;
  if (first === undefined) return null;
  // One alone was looked at when it was written.
  if (all.length === 1) return [...first.anchorsPem];
  const ders = all.flatMap(({ anchors }) => anchors.nodes.map(({ fields }) => fields.der));
  const nameBytes = ders.reduce((sum, der) => sum + subjectBytes(der), 0);
  if (nameBytes > LIMITS.anchorNamesBytesMax) {
    throw new UnusableDocument(
      'trust_bundle_unusable',
      `the subject names of all client CAs take ${nameBytes} bytes: at most ${LIMITS.anchorNamesBytesMax} fit a handshake`,
    );
  }
  return [...new Set(all.flatMap(({ anchorsPem }) => anchorsPem))];
}
