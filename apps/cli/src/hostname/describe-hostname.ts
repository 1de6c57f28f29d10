import type { HostnameResource } from '@postern/contracts';
import { formatFields, formatTable } from '../output/format-table.ts';
import type { OutputLayout } from '../output/output-layout.ts';

/** The columns of `hostname list`. */
export const HOSTNAME_TABLE = {
  header: ['HOSTNAME', 'GENERATED', 'CNAME', 'ROUTE', 'STATUS'],
  row: ({ name, generated, records, route, state }: HostnameResource): string[] => [
    name,
    String(generated),
    records.find(({ type }) => type === 'CNAME')?.value ?? '',
    route ?? '',
    state,
  ],
} as const;

/** The columns of `hostname list -o wide`: since when and why, too. */
export const WIDE_HOSTNAME_TABLE = {
  header: [...HOSTNAME_TABLE.header, 'SINCE', 'NEXT LOOK', 'MESSAGE'],
  row: (hostname: HostnameResource): string[] => [
    ...HOSTNAME_TABLE.row(hostname),
    hostname.since,
    hostname.nextCheckAt ?? '',
    hostname.message,
  ],
} as const;

/** Whether its host may be served. */
export function isServed({ verifiedAt }: HostnameResource): boolean {
  return verifiedAt !== null;
}

/** Writes one hostname for a person: how it stands, the records to make and what was found in their place. */
export function describeHostname(hostname: HostnameResource, layout: OutputLayout): string {
  const { checked, records } = hostname;
  const head = formatFields(
    [
      ['Hostname', hostname.name],
      ['State', hostname.state],
      ['Since', hostname.since],
      ['Message', hostname.message],
      ['Generated', hostname.generated ? 'yes' : 'no'],
      ['Route', hostname.route ?? 'none'],
      ['Kept', hostname.kept ? 'until it is removed' : 'as long as its route'],
      ['Next look', hostname.nextCheckAt ?? undefined],
    ],
    layout.columns,
  );
  const wanted = formatTable(
    ['TYPE', 'NAME', 'VALUE'],
    records.map(({ type, name, value }) => [type, name, value]),
    // A value that is cut off is of no use.
    { ...layout, columns: Number.POSITIVE_INFINITY },
  );
  const make = `\nRecords, one of which verifies it:\n${wanted}`;
  return (
    head + make + (checked === null ? '\nDNS was not looked at yet.\n' : foundText(checked, layout.columns))
  );
}

function foundText(checked: NonNullable<HostnameResource['checked']>, columns: number): string {
  const { caa } = checked;
  const none = (texts: readonly string[]) => (texts.length === 0 ? 'none' : texts.join(', '));
  return `\nFound on ${checked.at}:\n${formatFields(
    [
      ['CNAME', none(checked.cname)],
      ['Addresses', none(checked.addresses)],
      ['TXT', none(checked.txt)],
      ['CAA', caa === null ? 'none: every CA may issue' : caa.records.join(', ')],
      ['Failures', checked.failures.length === 0 ? undefined : checked.failures.join('; ')],
    ],
    columns,
  )}`;
}
