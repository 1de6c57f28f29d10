import { parseWith, type RouteDescriptor, routeDescriptor } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';
import type { DraftDescriptor } from './apply-route-flags.ts';

/** A descriptor whose host the API chooses when it is absent. */
export type RouteDraft = Omit<RouteDescriptor, 'host'> & { readonly host?: RouteDescriptor['host'] };

/** Checks a descriptor made from flags; a validation failure with every finding. */
export function checkRouteDraft(name: string, draft: DraftDescriptor): RouteDraft {
  // Any valid host serves while the rest is checked.
  const result = parseWith(routeDescriptor, { host: 'generated.localhost', ...draft });
  if (!result.ok) {
    throw new CliFailure('validation_failed', `the route "${name}" is not valid`, {
      report: formatFindings(result.findings),
      findings: result.findings,
    });
  }
  const { host, ...rest } = result.value;
  return draft.host === undefined ? rest : { ...rest, host };
}

/** Checks an updated descriptor, which has its host; a validation failure with every finding. */
export function checkRouteUpdate(name: string, draft: DraftDescriptor): RouteDescriptor {
  const { host, ...rest } = checkRouteDraft(name, draft);
  if (host === undefined) throw new CliFailure('validation_failed', `the route "${name}" has no host`);
  return { host, ...rest };
}
