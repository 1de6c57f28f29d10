/** p50, p99 and the greatest of some values, as cells of a Markdown table. */
export function quantileCells(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
  return [at(0.5), at(0.99), at(1)].map((value) => value.toFixed(1)).join(' | ');
}
