import type { ClientDetails, ClientResource } from '@postern/contracts';
import { formatFields, formatTable } from '../output/format-table.ts';
import type { OutputLayout } from '../output/output-layout.ts';

/** Characters of a fingerprint in a table: enough to tell clients apart and to name one. */
const SHORT_FINGERPRINT = 16;

/** The columns of `client list`; `wide` has whole fingerprints and the CAs' anchors. */
export function clientTable(wide: boolean) {
  return {
    header: [
      'FINGERPRINT',
      'SUBJECT',
      'CA',
      'HOSTS',
      'EXPIRES',
      'LAST SEEN',
      ...(wide ? ['FIRST SEEN', 'SERIAL', 'ISSUER'] : []),
    ],
    row: (client: ClientResource): string[] => [
      wide ? client.fingerprint : client.fingerprint.slice(0, SHORT_FINGERPRINT),
      client.subject,
      [...new Set(client.hosts.map(({ ca, bundle }) => ca ?? bundle))].join(','),
      hostsOf(client, wide),
      client.notAfter,
      client.lastAt,
      ...(wide ? [client.firstAt, client.serial, client.issuer] : []),
    ],
  };
}

/** Writes one client: its certificate, and where it was seen by which CA. */
export function describeClient(client: ClientDetails, layout: OutputLayout): string {
  const fields = formatFields(
    [
      ['SHA-256', client.fingerprint],
      ['Subject', client.subject],
      ['Issuer', client.issuer],
      ['Serial', client.serial],
      ['Expires', client.notAfter],
      ['First seen', client.firstAt],
      ['Last seen', client.lastAt],
    ],
    layout.columns,
  );
  const rows = client.hosts.map(({ host, route, ca, anchor, verdict, firstAt, lastAt }) => [
    host,
    route,
    ca ?? 'deleted',
    layout.wide ? anchor : anchor.slice(0, SHORT_FINGERPRINT),
    verdict === 'admit' ? 'admitted' : 'refused',
    firstAt,
    lastAt,
  ]);
  const hosts = formatTable(
    ['HOST', 'ROUTE', 'CA', 'ANCHOR', 'VERDICT', 'FIRST SEEN', 'LAST SEEN'],
    rows,
    layout,
  );
  return `${fields}\n${hosts}${client.chainPem === null ? '' : `\n${client.chainPem.join('')}`}`;
}

function hostsOf({ hosts }: ClientResource, wide: boolean): string {
  const names = [...new Set(hosts.map(({ host }) => host))];
  if (wide || names.length <= 2) return names.join(',');
  return `${names.slice(0, 2).join(',')} and ${names.length - 2} more`;
}
