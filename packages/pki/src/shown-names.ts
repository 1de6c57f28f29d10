import {
  type Certificate,
  type GeneralName,
  id_ce_subjectAltName,
  type Name,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import { decodeExtension } from './certificate-der.ts';
import { ATTRIBUTE_NAMES } from './distinguished-name.ts';
import { escapeControls } from './escape-controls.ts';

/** All names of a certificate for showing, by kind, with invisible characters escaped. */
export interface ShownNames {
  readonly dnsNames: string[];
  readonly ipAddresses: string[];
  readonly otherNames: string[];
}

/** Every subjectAltName entry of a decoded certificate, as text to show. */
export function shownNamesOf(certificate: Certificate): ShownNames {
  const shown: ShownNames = { dnsNames: [], ipAddresses: [], otherNames: [] };
  for (const name of alternativeNames(certificate)) {
    if (name.dNSName !== undefined) shown.dnsNames.push(escapeControls(name.dNSName));
    else if (name.iPAddress !== undefined) shown.ipAddresses.push(escapeControls(name.iPAddress));
    else shown.otherNames.push(escapeControls(textOfOtherName(name)));
  }
  return shown;
}

/** A distinguished name on one line, in the certificate's order, separators inside values escaped (RFC 4514 section 2.4). */
export function textOfName(name: Name): string {
  return [...name]
    .map((rdn) =>
      [...rdn]
        .map((attribute) => {
          const raw = attribute.value.anyValue;
          const text =
            raw === undefined ? attribute.value.toString() : `#${Buffer.from(raw).toString('hex')}`;
          const escaped = text.replace(/[\\,+"<>;=]/g, '\\$&');
          return `${ATTRIBUTE_NAMES[attribute.type] ?? attribute.type}=${escapeControls(escaped)}`;
        })
        .join('+'),
    )
    .join(', ');
}

function alternativeNames(certificate: Certificate): GeneralName[] {
  return [...(decodeExtension(certificate, id_ce_subjectAltName, SubjectAlternativeName) ?? [])];
}

function textOfOtherName(name: GeneralName): string {
  if (name.rfc822Name !== undefined) return `email:${name.rfc822Name}`;
  if (name.uniformResourceIdentifier !== undefined) return `URI:${name.uniformResourceIdentifier}`;
  if (name.directoryName !== undefined) return `dirName:${textOfName(name.directoryName)}`;
  if (name.registeredID !== undefined) return `registeredID:${name.registeredID}`;
  if (name.otherName !== undefined) return `otherName:${name.otherName.typeId}`;
  return 'otherName';
}
