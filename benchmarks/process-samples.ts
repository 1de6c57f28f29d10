import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Memory of a process right after a collection of all garbage. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly residentMib: number;
  /** What V8's heap holds, and what its objects hold outside of it. */
  readonly livingMib: number;
  /** Of that: compiled code and what belongs to it. */
  readonly codeMib: number;
}

/** What a process with the collector of a soak in it has noted since a moment. */
export function samplesOf(directory: string, pid: number, sinceMs: number): Sample[] {
  return readFileSync(join(directory, String(pid)), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Sample => JSON.parse(line))
    .filter(({ atMs }) => atMs >= sinceMs);
}

/** Parts of the time whose least memory is compared: what lives for a moment, as the stack of a short thread, is in none of them. */
const PARTS = 10;

/** How much one kind of memory grew over the time of the samples, in MiB: the least-squares line through the least of each tenth of the time. */
export function growthMib(samples: readonly Sample[], kind: Exclude<keyof Sample, 'atMs'>): number {
  const first = samples.at(0)?.atMs ?? 0;
  const last = samples.at(-1)?.atMs ?? 0;
  const parts = Map.groupBy(samples, ({ atMs }) =>
    Math.min(PARTS - 1, Math.floor(((atMs - first) / (last - first)) * PARTS)),
  );
  const least = [...parts.values()].flatMap((part) => part.toSorted((a, b) => a[kind] - b[kind]).slice(0, 1));
  const meanAt = meanOf(least.map(({ atMs }) => atMs));
  const meanMib = meanOf(least.map((sample) => sample[kind]));
  let covariance = 0;
  let variance = 0;
  for (const sample of least) {
    covariance += (sample.atMs - meanAt) * (sample[kind] - meanMib);
    variance += (sample.atMs - meanAt) ** 2;
  }
  return variance === 0 ? Number.NaN : (covariance / variance) * (last - first);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
