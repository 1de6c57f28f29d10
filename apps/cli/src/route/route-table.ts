import type { RouteResource } from '@postern/contracts';

/** The columns of `route list`. */
export const ROUTE_TABLE = {
  header: ['NAME', 'HOSTNAME', 'PATHS', 'CORS ENABLED', 'STATUS'],
  row: ({ name, spec, status }: RouteResource): string[] => [
    name,
    spec.host,
    spec.routes.map((rule) => rule.prefix).join(','),
    String(spec.corsPolicy !== undefined),
    status.reason,
  ],
} as const;

/** The columns of `route list -o wide`: since when and why, too. */
export const WIDE_ROUTE_TABLE = {
  header: [...ROUTE_TABLE.header, 'CERTIFICATE', 'LAST TRANSITION', 'MESSAGE'],
  row: (route: RouteResource): string[] => [
    ...ROUTE_TABLE.row(route),
    route.status.conditions.find(({ type }) => type === 'Certificate')?.reason ?? '',
    route.status.lastTransitionAt,
    route.status.message,
  ],
} as const;
