import { calmestOf, costOf } from '../forwarding/figures.ts';
import { PROXIES, type Row } from './rows.ts';
import type { Runs } from './verdicts.ts';

const WIDTH = 720;
const LABEL_WIDTH = 110;
const VALUE_WIDTH = 150;
const LINE = 18;
const TITLE = 26;
const TEXT = 'font-family="sans-serif" font-size="12"';

/** A bar chart of what one of each work cost each proxy, one panel a row; bars are to the scale of their panel. */
export function drawChart(rows: readonly Row[], runs: ReadonlyMap<string, Runs>, caption: string): string {
  let y = 24;
  const parts: string[] = [`<text x="8" y="16" ${TEXT} fill="#444">${escapeXml(caption)}</text>`];
  for (const row of rows) {
    const measured = PROXIES.map((name) => ({ name, rounds: runs.get(row.id)?.get(name) ?? [] })).filter(
      ({ rounds }) => rounds.length > 0,
    );
    if (measured.length === 0) continue;
    const most = Math.max(...measured.map(({ rounds }) => costOf(rounds)));
    parts.push(`<text x="8" y="${y + 18}" ${TEXT} font-weight="bold">${escapeXml(row.title)}</text>`);
    y += TITLE;
    for (const { name, rounds } of measured) {
      const width = Math.max(1, (costOf(rounds) / most) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
      const color = name === 'postern' ? '#0b6e4f' : '#9aa5b1';
      parts.push(
        `<text x="${LABEL_WIDTH - 8}" y="${y + 13}" ${TEXT} text-anchor="end">${name}</text>`,
        `<rect x="${LABEL_WIDTH}" y="${y + 2}" width="${width.toFixed(1)}" height="${LINE - 4}" fill="${color}"/>`,
        `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + 13}" ${TEXT}>${label(rounds)}</text>`,
      );
      y += LINE;
    }
    y += 6;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 8}" width="${WIDTH}" height="${y + 8}" role="img">
<title>What one request costs each proxy</title>
<rect width="100%" height="100%" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

function label(rounds: Parameters<typeof costOf>[0]): string {
  const calmest = calmestOf(rounds);
  if (calmest === undefined) return '';
  return calmest.instructions === null
    ? `${calmest.cpuUs.toFixed(0)} us CPU`
    : `${Math.round(calmest.instructions / 1000)} k instructions`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
