import type { LoadResult } from './load.ts';
import type { ProcessCost } from './process-cost.ts';

/** One round of one proxy, per request. */
export interface Figures {
  readonly cpuUs: number;
  readonly instructions: number | null;
  readonly perSecond: number;
  readonly p99Ms: number;
}

export function figuresOf({ requests, seconds, p99Ms }: LoadResult, cost: ProcessCost): Figures {
  return {
    cpuUs: cost.cpuUs / requests,
    instructions: cost.instructions === null ? null : cost.instructions / requests,
    perSecond: requests / seconds,
    p99Ms,
  };
}

/** The least disturbed round: whatever else the machine does can only add to a CPU time. */
export function calmestOf(all: readonly Figures[]): Figures | undefined {
  return [...all].sort((a, b) => a.cpuUs - b.cpuUs)[0];
}

/** What one request cost in the calmest round: instructions where they were counted, else microseconds of CPU. */
export function costOf(all: readonly Figures[]): number {
  const calmest = calmestOf(all);
  return calmest === undefined ? Number.NaN : (calmest.instructions ?? calmest.cpuUs);
}

/** A Markdown table, a line for each proxy; ratios are to the cost of the one called `base`. */
export function costTable(runs: ReadonlyMap<string, readonly Figures[]>, unit: string, base: string): string {
  const baseCost = costOf(runs.get(base) ?? []);
  const rows = [...runs].flatMap(([name, all]) => {
    const calmest = calmestOf(all);
    if (calmest === undefined) return [];
    const { cpuUs, instructions, perSecond, p99Ms } = calmest;
    const cpus = all.map((figures) => figures.cpuUs).sort((a, b) => a - b);
    const median = cpus[cpus.length >> 1] ?? Number.NaN;
    const counted = instructions === null ? '-' : Math.round(instructions / 1000);
    const ratio = Number.isNaN(baseCost) ? '-' : (costOf(all) / baseCost).toFixed(2);
    return `| ${name} | ${cpuUs.toFixed(0)} | ${ratio} | ${median.toFixed(0)} | ${counted} | ${perSecond.toFixed(0)} | ${p99Ms.toFixed(1)} |`;
  });
  return `| proxy | CPU us per ${unit} | ratio | median CPU us | thousand instructions | ${unit}s per second | p99 ms |
|---|---|---|---|---|---|---|
${rows.join('\n')}`;
}
