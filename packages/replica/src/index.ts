export { openReplica } from './open-replica.ts';
export type { Replica, ReplicaOptions, StoredDocument } from './replica.ts';
