import type { Result } from './results.ts';

const WIDTH = 860;
const MARGIN = 24;
const TOP = 88;
const ROW = 42;
const BAR = 14;
const BARS_FROM = 366;
const BARS_TO = 706;
const VALUES_TO = 784;
/** How many limits the width of the bars is. */
const SCALE = 1.25;
const LIMIT_X = BARS_FROM + (BARS_TO - BARS_FROM) / SCALE;

/** Legible on white and, where whoever looks has it dark, on black. */
const STYLE = `
  text { font: 13px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .name { font-weight: 600 }
  .quiet { font-size: 11.5px; fill: #59636e }
  .value { font-weight: 600; font-variant-numeric: tabular-nums }
  .ground { fill: #ffffff }
  .track { fill: #818b981f }
  .within { fill: #2da44e }
  .over { fill: #cf222e }
  .limit { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .ground { fill: #0d1117 }
    .track { fill: #656c7633 }
    .within { fill: #3fb950 }
    .over { fill: #f85149 }
    .limit { stroke: #9198a1 }
  }`;

/** All figures as bars against their limits: one line is the limit of each, whatever it is. An SVG document. */
export function renderPicture(results: readonly Result[]): string {
  const bottom = TOP + results.length * ROW;
  const height = bottom + 44;
  const within = results.filter(({ over }) => !over).length;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${within} of ${results.length} figures within their limits">
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>
<text class="title" x="${MARGIN}" y="36">rke2ctl against its limits</text>
<text class="quiet" x="${MARGIN}" y="57">Medians, ours ÷ theirs; shorter is faster.</text>
<text class="quiet" x="${LIMIT_X}" y="${TOP - 12}" text-anchor="middle">limit</text>
${results.map((result, index) => renderRow(result, TOP + index * ROW)).join('\n')}
<line class="limit" x1="${LIMIT_X}" y1="${TOP - 4}" x2="${LIMIT_X}" y2="${bottom - 6}"/>
<text class="quiet" x="${MARGIN}" y="${bottom + 24}">${escapeXml(describeMachines(results))}</text>
</svg>
`;
}

function renderRow({ name, value, limit, unit, over, sides }: Result, top: number): string {
  const middle = top + ROW / 2 - 4;
  const full = BARS_TO - BARS_FROM;
  const length = Math.min(full, Math.max(2, (full * value) / limit / SCALE));
  const bar = (kind: string, width: number) =>
    `<rect class="${kind}" x="${BARS_FROM}" y="${middle - BAR / 2}" width="${width.toFixed(1)}" height="${BAR}" rx="3"/>`;
  const of = sides.length === 1 ? ` ${unit}` : '';
  return `<text class="name" x="${MARGIN}" y="${middle - 2}">${escapeXml(name)}</text>
<text class="quiet" x="${MARGIN}" y="${middle + 13}">${escapeXml(shorten(sides.map((side) => side.name).join(' ÷ ')))}</text>
${bar('track', full)}${bar(over ? 'over' : 'within', length)}
<text class="value" x="${VALUES_TO}" y="${middle + 5}" text-anchor="end">${formatValue(value)}${of}</text>
<text class="quiet" x="${VALUES_TO + 6}" y="${middle + 5}">of ${formatValue(limit)}</text>`;
}

/** What fits beside the bars. */
function shorten(text: string): string {
  return text.length <= 54 ? text : `${text.slice(0, 53)}…`;
}

function formatValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(value < 0.1 ? 2 : 3)));
}

/** One line of where and when; of several machines all. */
function describeMachines(results: readonly Result[]): string {
  const machines = new Set(
    results.map(
      ({ machine }) =>
        `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Linux ${machine.kernel}, Node ${machine.node}, ${machine.openssh}`,
    ),
  );
  const days = results.map(({ taken }) => taken.slice(0, 10)).toSorted();
  const [first, last] = [days[0] ?? '', days.at(-1) ?? ''];
  return `${[...machines].join('; ')}; ${first === last ? first : `${first} to ${last}`}`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
