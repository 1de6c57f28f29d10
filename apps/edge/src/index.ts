export { type EdgeEnv, isSuccessor, readEdgeEnv, successorEnv } from './env.ts';
export { runSuccessor } from './process/run-successor.ts';
export { Succession } from './process/succession.ts';
export { type EdgeOptions, type NeighbourApi, type RunningEdge, startEdge } from './supervisor.ts';
