import { clientBundlesOf, type RouteDescriptor } from '@postern/contracts';
import type { DraftHost, Target } from '../store.ts';
import { problemsOfClientCas } from './client-cas.ts';
import { HostRowsGatherer } from './host-rows.ts';
import type { WriteContext } from './write-context.ts';

/** Compiles a route as if it were written like this, from what is stored besides; writes nothing. */
export function draftHost(
  context: Pick<WriteContext, 'db' | 'log' | 'compiler'>,
  { project, name }: Target,
  spec: RouteDescriptor,
): DraftHost {
  const { db, log, compiler } = context;
  const rows = new HostRowsGatherer(db).hostRows({ project, name, spec });
  const document = compiler.compileHost(rows);
  return {
    findings: [...compiler.checkRoute(rows), ...problemsOfClientCas(context, { project, spec })],
    document,
    // Those of its clients alone: a handshake asks for no CA of a service.
    bundles: new Map(clientBundlesOf(document).map((id) => [id, log.find('trust-bundle', id)])),
    crls: new Map((rows.crls ?? []).map(({ id }) => [id, log.find('crl', id)])),
    revocations: log.find('revocation', project),
  };
}
