import { Graph, layout } from '@dagrejs/dagre';
import { textWidth } from './fit-text.ts';
import type { PlanCard, PlanEdge, PlanGraph } from './plan-graph.ts';

const LETTER = 6.9;
const LINE = 17;
const HEAD = 24;
const PADDING = 10;
const MARGIN = 24;
const TITLE_HEIGHT = 56;

const COLOURS: Readonly<Record<PlanCard['kind'], { readonly head: string; readonly edge: string }>> = {
  server: { head: '#dbe7fb', edge: '#3b6fc4' },
  agent: { head: '#dcf0e1', edge: '#3c8a55' },
  leaving: { head: '#fadcd8', edge: '#b84a3f' },
  cluster: { head: '#ebebeb', edge: '#777777' },
};

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The graph as one SVG picture that stands alone: from top to bottom as it happens, laid out by dagre. */
export function writeSvg(plan: PlanGraph): string {
  const graph = new Graph<{ width?: number; height?: number }>();
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 44, edgesep: 14 });
  for (const card of plan.cards) graph.setNode(card.id, sizeOf(card));
  for (const { from, to } of plan.edges) graph.setEdge(from, to, {});
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const all = {
    width: Math.ceil(Math.max(width, textWidth(plan.title) * 9, 420) + 2 * MARGIN),
    height: Math.ceil(height + TITLE_HEIGHT + 2 * MARGIN),
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${all.width}" height="${all.height}" viewBox="0 0 ${all.width} ${all.height}" font-family="'DejaVu Sans', Verdana, sans-serif" font-size="11.5">`,
    `<title>${escapeXml(plan.title)}</title>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...headLines(plan),
    `<g transform="translate(${MARGIN} ${TITLE_HEIGHT + MARGIN})">`,
    ...plan.edges.map((edge) => edgeLine(edge, graph.edge(edge.from, edge.to).points ?? [])),
    ...plan.cards.map((card) => cardBox(card, centre(graph.node(card.id)))),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function sizeOf({ title, lines }: PlanCard): { width: number; height: number } {
  const widest = Math.max(textWidth(title) * 1.12, ...lines.map(({ text }) => textWidth(text)));
  return {
    width: Math.ceil(widest * LETTER + 2 * PADDING),
    height: HEAD + lines.length * LINE + PADDING,
  };
}

function centre(node: { readonly x?: number; readonly y?: number }): Point {
  return { x: node.x ?? 0, y: node.y ?? 0 };
}

function headLines({ title }: PlanGraph): readonly string[] {
  const y = MARGIN + 32;
  return [
    `<text x="${MARGIN}" y="${MARGIN + 10}" font-size="15" font-weight="bold">${escapeXml(title)}</text>`,
    `<line x1="${MARGIN}" y1="${y}" x2="${MARGIN + 34}" y2="${y}" stroke="#555" marker-end="url(#arrow)"/>`,
    `<text x="${MARGIN + 42}" y="${y + 4}" fill="#555">only if it went well</text>`,
    `<line x1="${MARGIN + 190}" y1="${y}" x2="${MARGIN + 224}" y2="${y}" stroke="#555" stroke-dasharray="5 4" marker-end="url(#arrow)"/>`,
    `<text x="${MARGIN + 232}" y="${y + 4}" fill="#555">once it has ended</text>`,
  ];
}

function cardBox(card: PlanCard, { x, y }: Point): string {
  const { width, height } = sizeOf(card);
  const { head, edge } = COLOURS[card.kind];
  const rows = card.lines.map(({ text, isDisturbance }, index) => {
    const look = isDisturbance ? ' fill="#a15c00" font-style="italic"' : '';
    return `<text x="${PADDING + (isDisturbance ? 8 : 0)}" y="${HEAD + 14 + index * LINE}"${look}>${escapeXml(text)}</text>`;
  });
  return [
    `<g transform="translate(${round(x - width / 2)} ${round(y - height / 2)})">`,
    `<rect width="${width}" height="${height}" rx="5" fill="#fff" stroke="${edge}"/>`,
    `<path d="M0.5 ${HEAD}V5.5a5 5 0 0 1 5 -5H${width - 5.5}a5 5 0 0 1 5 5V${HEAD}z" fill="${head}"/>`,
    `<text x="${PADDING}" y="16" font-weight="bold">${escapeXml(card.title)}</text>`,
    ...rows,
    '</g>',
  ].join('');
}

/** A smooth line through dagre's points. */
function edgeLine({ needs }: PlanEdge, points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return '';
  const bends = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? last;
    const end = index === rest.length - 2 ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${at(point)} ${at(end)}`;
  });
  const path = bends.length === 0 ? `M${at(first)}L${at(last)}` : `M${at(first)}${bends.join('')}`;
  const dashes = needs ? '' : ' stroke-dasharray="5 4"';
  return `<path d="${path}" fill="none" stroke="#555"${dashes} marker-end="url(#arrow)"/>`;
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
