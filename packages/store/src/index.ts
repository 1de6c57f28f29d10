export type { ListQuery, Page } from './list-query.ts';
export { openStore } from './open-store.ts';
export * from './store.ts';
