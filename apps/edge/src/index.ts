export { type EdgeEnv, readEdgeEnv } from './env.ts';
export type { ListenAddress } from './listen-address.ts';
export { formatAddress, parseListenAddresses } from './listen-address.ts';
export { createEdgeLog } from './log.ts';
export { type EdgeOptions, type RunningEdge, startEdge } from './supervisor.ts';
