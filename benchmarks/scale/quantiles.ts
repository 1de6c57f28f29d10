/** p50, p99 and the greatest of some values, as cells of a Markdown table. */
export function quantileCells(values: readonly number[]): string {
  return [0.5, 0.99, 1].map((q) => quantileOf(values, q).toFixed(1)).join(' | ');
}

/** The value that a part of all, 0 to 1, lies below. NaN of none. */
export function quantileOf(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
