import type { RouteRotation } from '@postern/contracts';
import { formatFields, formatTable } from '../output/format-table.ts';
import type { OutputLayout } from '../output/output-layout.ts';

/** Writes for a person how far a rotation is: what stands against its end, who is still on the present CA, what edges said. */
export function describeRotation(rotation: RouteRotation, layout: OutputLayout): string {
  const { route, current, next, finishable, obstacles, clients, clientsTotal, edges } = rotation;
  const head = formatFields(
    [
      ['Route', route],
      ['Client CA', current ?? 'none'],
      ['Next CA', next ?? 'none: no rotation is under way'],
      ['May finish', next === null ? undefined : finishable ? 'yes' : 'no'],
      ...obstacles.filter(() => next !== null).map(({ message }) => ['Because', message] as const),
    ],
    layout.columns,
  );
  if (next === null) return head;
  const rows = clients.map(({ subject, fingerprint, lastAt, recent }) => [
    subject,
    fingerprint,
    lastAt,
    recent ? 'yes' : 'no',
  ]);
  const more = clientsTotal - clients.length;
  return [
    head,
    formatTable(['STILL ON THE CLIENT CA', 'FINGERPRINT', 'LAST SEEN', 'IN GRACE TIME'], rows, layout),
    ...(more > 0 ? [`and ${more} more\n`] : []),
    formatTable(
      ['EDGE', 'CONNECTED', 'LAST HEARD OF', 'REPORTED UP TO'],
      edges.map(({ edge, connected, lastSeenAt, reportedUpTo }) => [
        edge,
        connected ? 'yes' : 'no',
        lastSeenAt,
        reportedUpTo ?? 'not asked',
      ]),
      layout,
    ),
  ].join('\n');
}
