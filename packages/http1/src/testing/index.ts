export { AMBIGUOUS_REQUESTS, HOP_REQUESTS, REAL_REQUESTS } from './corpus.ts';
export { readWithLlhttp } from './llhttp-oracle.ts';
export { createDice, mutate } from './mutate.ts';
export type { SeenMessage } from './read-messages.ts';
