export type { Check, CheckStatus } from './check.ts';
export { checkApi } from './check-api.ts';
export { checkConfigFile } from './check-config-file.ts';
export { checkDataDirectory } from './check-data-directory.ts';
export { checkEdge } from './check-edge.ts';
export type { ProbedEdge } from './edge/open-tls.ts';
export { probeEdge } from './edge/probe-edge.ts';
