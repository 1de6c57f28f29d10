import type { CertificateDetails, SecretResource } from '@postern/contracts';
import { formatFields } from '../output/format-table.ts';

/** Writes what is public about a secret: names, certificates, users; never a value. */
export function describeSecret(secret: SecretResource): string {
  const { details } = secret;
  const head = formatFields([
    ['Name', secret.name],
    ['Type', secret.type],
    ['Keys', details.keys.join(', ')],
    ['Labels', labelsText(secret.labels)],
    ['Used by', secret.usedBy.length === 0 ? 'nothing' : secret.usedBy.join(', ')],
    [
      'Public key',
      details.publicKey === undefined
        ? undefined
        : `${details.publicKey.keyType} ${details.publicKey.fingerprint}`,
    ],
    ...listFields(details.crl),
    ['Updated', secret.updatedAt],
  ]);
  const certificates = (details.certificates ?? []).map(
    (certificate, index) => `\nCertificate ${index + 1}\n${describeCertificate(certificate)}`,
  );
  return head + certificates.join('');
}

function listFields(list: SecretResource['details']['crl']): [string, string][] {
  if (list === undefined) return [];
  return [
    ['List of', `${list.issuer} (${list.ca})`],
    ['Entries', String(list.entries)],
    ['Since', list.thisUpdate],
    ['Stale', `${list.nextUpdate ?? 'never'} (${list.policy})`],
  ];
}

/** The columns of `secret list`. */
export const SECRET_TABLE = {
  header: ['NAME', 'TYPE', 'KEYS'],
  row: ({ name, type, details }: SecretResource): string[] => [name, type, details.keys.join(',')],
} as const;

/** Labels as `key=value` with commas between; undefined where there are none. */
export function labelsText(labels: Readonly<Record<string, string>>): string | undefined {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? undefined : pairs.join(', ');
}

function describeCertificate(certificate: CertificateDetails): string {
  const names = [
    ...certificate.dnsNames.map((name) => `DNS:${name}`),
    ...certificate.ipAddresses.map((address) => `IP:${address}`),
    ...certificate.otherNames,
  ];
  return formatFields(
    [
      ['Subject', certificate.subject],
      ['Issuer', certificate.issuer],
      ['Serial', certificate.serialNumber],
      ['Names', names.length === 0 ? 'none' : names.join(', ')],
      ['Valid', `${certificate.notBefore} to ${certificate.notAfter}`],
      ['Key', certificate.keyType],
      ['CA', caText(certificate)],
      ['Key usage', certificate.keyUsage.length === 0 ? undefined : certificate.keyUsage.join(', ')],
      [
        'Extended',
        certificate.extendedKeyUsage.length === 0 ? undefined : certificate.extendedKeyUsage.join(', '),
      ],
      ['SHA-256', certificate.fingerprint],
    ],
    '  ',
  );
}

function caText({ isCa, pathLength }: CertificateDetails): string {
  if (!isCa) return 'no';
  return pathLength === undefined ? 'yes' : `yes, path length ${pathLength}`;
}
