import { type GeneralSubtrees, id_ce_nameConstraints, NameConstraints } from '@peculiar/asn1-x509';
import { decodeCertificate, decodeExtension } from './certificate-der.ts';

/** The identifier of the extension, 2.5.29.30, as it stands in DER. */
const IDENTIFIER = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x1e]);

/**
 * True when a CA certificate limits the DNS names of those below it (RFC 5280 section 4.2.1.10), and when that cannot be
 * read.
 */
export function constrainsDnsNames(der: Buffer): boolean {
  if (!der.includes(IDENTIFIER)) return false;
  try {
    const constraints = decodeExtension(decodeCertificate(der), id_ce_nameConstraints, NameConstraints);
    return namesDns(constraints?.permittedSubtrees) || namesDns(constraints?.excludedSubtrees);
  } catch {
    return true;
  }
}

function namesDns(subtrees: GeneralSubtrees | undefined): boolean {
  return [...(subtrees ?? [])].some(({ base }) => base.dNSName !== undefined);
}
