/** Bounds of what an edge records of its clients. Each says its unit and why it is there. */
export const LEDGER_LIMITS = {
  /** Milliseconds. Refusals, and sightings, of one kind within that are one. */
  foldMs: 60_000,
  /** Clients that begin an entry of their own in one second, per worker; a flood of fresh certificates fills no disk. */
  newEntriesPerSecond: 25,
  /** Refused requests of one entry that a worker answers without a wait, and milliseconds between answers to those that follow. */
  answeredAtOnce: 100,
  answerEveryMs: 10,
  /** Milliseconds. The longest wait for the answer to a refused request. */
  answerWithinMs: 5_000,
  /** Entries of one minute per worker, half of them for clients that are kept apart; some 1 KiB each. */
  entriesMax: 4_000,
  /** Clients and hosts seen within a minute per worker; more are left to the next one. */
  sightingsMax: 20_000,
  /** Milliseconds after which a trusted client's certificates are sent again. */
  chainAgainMs: 3_600_000,
  /** Milliseconds between two messages of a worker to its supervisor. */
  workerFlushMs: 200,
  /** Milliseconds between two reports to the API. */
  reportMs: 200,
  /** Entries, and sightings, that wait for the API in the supervisor. */
  waitingMax: 20_000,
  /** Bytes, as base64, of chains that wait for the API. */
  waitingChainBytesMax: 8 * 1024 * 1024,
  /** Bytes of one report's chains: below the API's bound for a body, with room for the rest. */
  reportChainBytesMax: 400 * 1024,
} as const;
