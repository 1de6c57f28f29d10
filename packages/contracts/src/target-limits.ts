/** Largest weight of a target; 1 to 1000 splits traffic as finely as a tenth of a percent. */
export const WEIGHT_MAX = 1000;

/** Targets told in one report. With every text at its longest they stay below LIMITS.apiBodyBytesMax together. */
export const REPORTED_TARGETS_MAX = 1_000;

/** Targets one edge checks at once; at one check every 10 s these are 2,000 a second, which one worker still manages. */
export const CHECKED_TARGETS_MAX = 20_000;
