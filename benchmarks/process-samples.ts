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

/** How much memory grew over the time of the samples by their least-squares line, in MiB: garbage not yet collected weighs little. */
export function growthMib(samples: readonly Sample[]): number {
  const first = samples.at(0)?.atSeconds ?? 0;
  const last = samples.at(-1)?.atSeconds ?? 0;
  const meanAt = meanOf(samples.map(({ atSeconds }) => atSeconds));
  const meanMib = meanOf(samples.map((sample) => sample.residentMib));
  let covariance = 0;
  let variance = 0;
  for (const { atSeconds, residentMib: mib } of samples) {
    covariance += (atSeconds - meanAt) * (mib - meanMib);
    variance += (atSeconds - meanAt) ** 2;
  }
  return variance === 0 ? Number.NaN : (covariance / variance) * (last - first);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
