import type { PlanCard, PlanGraph } from './plan-graph.ts';

/** The graph as Mermaid's flowchart: solid where one needs another, dotted where it only waits for its end. */
export function writeMermaid({ title, cards, edges }: PlanGraph): string {
  const lines = [
    '---',
    `title: ${JSON.stringify(title)}`,
    '---',
    'flowchart TB',
    ...cards.map((card) => `  ${card.id}["${labelOf(card)}"]:::${card.kind}`),
    ...edges.map(({ from, to, needs }) => `  ${from} ${needs ? '-->' : '-.->'} ${to}`),
    '  classDef server fill:#e8f0fe,stroke:#3b6fc4,text-align:left',
    '  classDef agent fill:#e9f6ec,stroke:#3c8a55,text-align:left',
    '  classDef leaving fill:#fdecea,stroke:#b84a3f,text-align:left',
    '  classDef cluster fill:#f3f3f3,stroke:#777777,text-align:left',
  ];
  return `${lines.join('\n')}\n`;
}

function labelOf({ title, lines }: PlanCard): string {
  const rows = lines.map(({ text, isDisturbance }) =>
    isDisturbance ? `<i>${escapeLabel(text)}</i>` : escapeLabel(text),
  );
  return [`<b>${escapeLabel(title)}</b>`, ...rows].join('<br/>');
}

/** Mermaid reads `#…;` as a character; nothing else in a quoted label can end or change it then. */
function escapeLabel(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,:/+()→·…_-]/gu, (sign) => `#${sign.codePointAt(0)};`);
}
