import type { RouteDescriptor } from '@postern/contracts';
import type { DraftHost, Target } from '../store.ts';
import { HostRowsGatherer } from './host-rows.ts';
import type { WriteContext } from './write-context.ts';

/** Compiles a route as if it were written like this, from what is stored besides; writes nothing. */
export function draftHost(
  { db, log, compiler }: Pick<WriteContext, 'db' | 'log' | 'compiler'>,
  { project, name }: Target,
  spec: RouteDescriptor,
): DraftHost {
  const rows = new HostRowsGatherer(db).hostRows({ project, name, spec });
  const bundles = new Map<string, unknown>();
  for (const { id, type } of rows.secrets.values()) {
    if (type === 'tls-ca') bundles.set(id, log.find('trust-bundle', id));
  }
  return {
    findings: compiler.checkRoute(rows),
    document: compiler.compileHost(rows),
    bundles,
    crls: new Map((rows.crls ?? []).map(({ id }) => [id, log.find('crl', id)])),
    revocations: log.find('revocation', project),
  };
}
