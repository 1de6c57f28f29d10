import { readdirSync } from 'node:fs';
import { residentMiB } from './scale/scale-platform.ts';

/** Memory and descriptors of a process at a moment. */
export interface Sample {
  readonly atSeconds: number;
  readonly residentMib: number;
  readonly descriptors: number;
}

/** Linux only: reads /proc. */
export function sampleOf(pid: number, atSeconds: number): Sample {
  return { atSeconds, residentMib: residentMiB(pid), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** Parts of the time whose least memory is compared: garbage that a collection takes, and what lives for a moment, is in none of them. */
const PARTS = 10;

/** How much memory grew over the time of the samples, in MiB: the least-squares line through the least of each tenth of the time. */
export function growthMib(samples: readonly Sample[]): number {
  const first = samples.at(0)?.atSeconds ?? 0;
  const last = samples.at(-1)?.atSeconds ?? 0;
  const parts = Map.groupBy(samples, ({ atSeconds }) =>
    Math.min(PARTS - 1, Math.floor(((atSeconds - first) / (last - first)) * PARTS)),
  );
  const least = [...parts.values()].flatMap((part) =>
    part.toSorted((a, b) => a.residentMib - b.residentMib).slice(0, 1),
  );
  const meanAt = meanOf(least.map(({ atSeconds }) => atSeconds));
  const meanMib = meanOf(least.map((sample) => sample.residentMib));
  let covariance = 0;
  let variance = 0;
  for (const { atSeconds, residentMib: mib } of least) {
    covariance += (atSeconds - meanAt) * (mib - meanMib);
    variance += (atSeconds - meanAt) ** 2;
  }
  return variance === 0 ? Number.NaN : (covariance / variance) * (last - first);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
