import { costOf, type Figures } from '../forwarding/figures.ts';
import type { Bar, Row } from './rows.ts';

/** What was measured of a row: the rounds of each proxy. */
export type Runs = ReadonlyMap<string, readonly Figures[]>;

/** A measured ratio beside what it may be at most. */
export interface Verdict {
  readonly work: string;
  readonly bar: string;
  /** NaN where one of both was not measured. */
  readonly measured: number;
  readonly most: number;
  readonly kind: Bar['kind'];
}

/** The bars of all rows, held against what was measured. */
export function judge(rows: readonly Row[], runs: ReadonlyMap<string, Runs>): Verdict[] {
  const posternIn = (id: string) => costOf(runs.get(id)?.get('postern') ?? []);
  return rows.flatMap(({ id, title, bars }) =>
    bars.map(({ of, most, kind }) => {
      const other = 'proxy' in of ? costOf(runs.get(id)?.get(of.proxy) ?? []) : posternIn(of.ownRow);
      const otherName = 'proxy' in of ? of.proxy : 'our full one';
      return { work: title, bar: `${most} x ${otherName}`, measured: posternIn(id) / other, most, kind };
    }),
  );
}

/** A Markdown table of the verdicts. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ work, bar, measured, most, kind }) => {
    const words = kind === 'bar' ? ['met', '**not met**'] : ['reached', 'not reached'];
    const verdict = Number.isNaN(measured) ? 'not measured' : words[measured <= most ? 0 : 1];
    const ratio = Number.isNaN(measured) ? '-' : measured.toFixed(measured < 0.1 ? 4 : 2);
    return `| ${work} | ${kind}: at most ${bar} | ${ratio} | ${verdict} |`;
  });
  return `| work | cost of Postern | measured | |
|---|---|---|---|
${lines.join('\n')}`;
}
