/** Node's `performance`, taken once: as a global it is a getter, which would be called for each time that a request needs. */
export const { performance: steadyClock } = globalThis;
