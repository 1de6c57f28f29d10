const CELLS = 20;

/** `[#####---------------] 250/1000`: how much is done. */
export function progressBar(done: number, total: number): string {
  const filled = total === 0 ? CELLS : Math.floor((CELLS * Math.min(done, total)) / total);
  return `[${'#'.repeat(filled)}${'-'.repeat(CELLS - filled)}] ${done}/${total}`;
}
