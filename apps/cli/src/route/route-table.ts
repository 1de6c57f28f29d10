import type { RouteResource } from '@postern/contracts';

/** The columns of `route list`. */
export const ROUTE_TABLE = {
  header: ['NAME', 'HOSTNAME', 'PATHS', 'CORS ENABLED', 'STATUS'],
  row: ({ name, spec, status }: RouteResource): string[] => [
    name,
    spec.host,
    spec.routes.map((rule) => rule.prefix).join(','),
    String(spec.corsPolicy !== undefined),
    status.ready ? 'ready' : status.reason,
  ],
} as const;
