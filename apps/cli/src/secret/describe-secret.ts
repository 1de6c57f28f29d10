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
    ...listFields(secret),
    ['Updated', secret.updatedAt],
  ]);
  const certificates = (details.certificates ?? []).map(
    (certificate, index) => `\nCertificate ${index + 1}\n${describeCertificate(certificate)}`,
  );
  return head + certificates.join('');
}

function listFields({ details, status }: SecretResource): [string, string | undefined][] {
  const list = details.crl;
  if (list === undefined || status === undefined) return [];
  const { state, message, fetch } = status.crl;
  const { source } = list;
  const isThere = list.thisUpdate !== null;
  return [
    ['List of', `${list.issuer ?? 'no issuer yet'} (${list.ca})`],
    ['State', `${state}: ${message}`],
    ['Number', isThere ? (list.number ?? 'none') : undefined],
    ['Entries', isThere ? String(list.entries) : undefined],
    ['Since', list.thisUpdate ?? undefined],
    ['Stale', isThere ? `${list.nextUpdate ?? 'never'} (${list.policy})` : undefined],
    ['URL', source?.url],
    ['Refreshed', source === undefined ? undefined : `every ${source.refreshSeconds} s`],
    ['Fetched', fetch === null ? undefined : (fetch.fetchedAt ?? 'never')],
    ['Tried', fetch === null ? undefined : (fetch.triedAt ?? 'never')],
    ['Last error', fetch?.lastError ?? undefined],
    ['Next try', fetch?.nextTryAt],
  ];
}

/** A revocation list in one line. */
export function describeList({ details: { crl }, status }: SecretResource): string {
  const number = crl?.number == null ? '' : `number ${crl.number}, `;
  const entries = crl?.entries === 1 ? '1 entry' : `${crl?.entries ?? 0} entries`;
  return `${number}${entries}, ${status?.crl.message ?? 'its state is unknown'}`;
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
    undefined,
    '  ',
  );
}

function caText({ isCa, pathLength }: CertificateDetails): string {
  if (!isCa) return 'no';
  return pathLength === undefined ? 'yes' : `yes, path length ${pathLength}`;
}
