import type { PosternClient } from '@postern/client';
import type { RouteDescriptor, RouteReplay } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { explainRefusal } from '../explain-refusal.ts';
import { formatTable } from '../output/format-table.ts';
import type { OutputLayout } from '../output/output-layout.ts';

interface TriedDescriptor {
  /** The route that it would replace; absent: the one that serves its host. */
  readonly name: string | undefined;
  readonly descriptor: RouteDescriptor;
  readonly since: Date;
}

/** Has the API judge the clients seen lately by a descriptor. Exit status 5 where no route has the name, or the host. */
export async function replayDescriptor(
  client: PosternClient,
  project: string,
  { name, descriptor, since }: TriedDescriptor,
): Promise<RouteReplay> {
  const route = name ?? (await nameByHost(client, project, descriptor.host));
  try {
    return await client.routes.replay(project, route, { spec: descriptor, since });
  } catch (error) {
    throw explainRefusal(error, `the route "${route}"`);
  }
}

async function nameByHost(client: PosternClient, project: string, host: string): Promise<string> {
  const route = (await client.routes.list(project)).find(({ spec }) => spec.host === host);
  if (route !== undefined) return route.name;
  throw new CliFailure('not_found', `no route of project ${project} serves ${host}: nobody was seen there`, {
    hint: 'name the route that the file would replace: postern route validate NAME -f FILE --replay 7d',
  });
}

/** Who changes sides, and how many were looked at. */
export function describeReplay(replay: RouteReplay, layout: OutputLayout): string {
  const { route, clients, changes } = replay;
  const seen = `${clients} ${clients === 1 ? 'client' : 'clients'} of route ${route} seen since ${replay.since}`;
  if (changes.length === 0) return `${seen}: all stay where they are\n`;
  const rows = changes.map(({ subject, fingerprint, now, next, path, lastAt, hosts }) => [
    fingerprint === null ? 'no certificate' : (subject ?? 'unreadable certificate'),
    sideOf(now),
    sideOf(next),
    path ?? 'all',
    lastAt,
    next.verdict === 'refuse' ? next.detail : now.detail,
    ...(layout.wide ? [fingerprint ?? '', hosts.join(',')] : []),
  ]);
  const header = ['CLIENT', 'NOW', 'THEN', 'PATH', 'LAST SEEN', 'DETAIL'];
  const wide = layout.wide ? ['FINGERPRINT', 'HOSTS'] : [];
  return `${seen}:\n${formatTable([...header, ...wide], rows, layout)}`;
}

/** What a replay could not look at, a line each. */
export function gapsOf({ unknown, more }: RouteReplay): string[] {
  return [
    ...(unknown > 0 ? [`the certificates of ${unknown} more are not kept: they were not judged`] : []),
    ...(more ? ['there were more clients: only those seen latest were judged; try a shorter time'] : []),
  ];
}

function sideOf({ verdict, reason }: RouteReplay['changes'][number]['now']): string {
  return reason === null ? verdict : `${verdict} (${reason})`;
}
