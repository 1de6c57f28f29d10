export { type EdgeEnv, readEdgeEnv } from './env.ts';
export { type EdgeOptions, type NeighbourApi, type RunningEdge, startEdge } from './supervisor.ts';
