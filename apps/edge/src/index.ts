export { type EdgeEnv, readEdgeEnv } from './env.ts';
export { type EdgeOptions, type RunningEdge, startEdge } from './supervisor.ts';
