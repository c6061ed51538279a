import type { NodeKey } from '../../domain/cluster.ts';
import { cleanLine } from '../clean-text.ts';
import { durationText } from '../duration-text.ts';
import type { Style } from '../style.ts';
import { renderTable } from '../table.ts';
import { lengthOf, type Span, type SpanKind } from './span.ts';

const SHOWN = 10;

/** What is less shows as nothing in tenths of a second. */
const LEAST_TOLD_MS = 100;

const MOSTLY = 0.6;

/** What people call a thing that took time; what these are made of is told beside them. */
const WHOLE: ReadonlySet<SpanKind> = new Set(['phase', 'look', 'step']);
const INNER: ReadonlySet<SpanKind> = new Set(['connection', 'command', 'transfer', 'talk', 'part']);

/** The longest steps, looks and phases as a table: when each began, and which part of it took most of the time. */
export function renderTimings(
  spans: readonly Span[],
  names: ReadonlyMap<NodeKey, string>,
  style: Style,
): string {
  const longest = spans
    .filter(({ kind }) => WHOLE.has(kind))
    .toSorted((a, b) => lengthOf(b) - lengthOf(a))
    .slice(0, SHOWN);
  const rows = longest.map((span) => [
    durationText(lengthOf(span)),
    durationText(span.startMs),
    span.key === null ? '-' : (names.get(span.key) ?? span.key),
    cleanLine(span.name),
    cleanLine(waitedFor(span, spans)),
  ]);
  const columns = [
    { heading: 'TOOK', align: 'right' as const },
    { heading: 'FROM', align: 'right' as const },
    { heading: 'WHERE' },
    { heading: 'WHAT' },
    { heading: 'WAITED FOR' },
  ];
  return renderTable(columns, rows, style);
}

/** What took most of it; and what its host had waited for right before, if that was long as well. */
function waitedFor(span: Span, spans: readonly Span[]): string {
  const inner = spans.filter(
    (each) =>
      INNER.has(each.kind) &&
      each.key === span.key &&
      span.kind !== 'phase' &&
      each.startMs >= span.startMs &&
      each.endMs <= span.endMs,
  );
  const longest = inner.toSorted((a, b) => lengthOf(b) - lengthOf(a));
  // What a step says it is at tells more than the command that it uses for it, which begins before and ends after.
  const told = longest.find(({ kind }) => kind === 'part');
  const [first] = longest;
  const isTold = told !== undefined && lengthOf(told) >= MOSTLY * lengthOf(first ?? told);
  const within = isTold ? told : first;
  const before = spans.find(
    (each) =>
      each.kind === 'wait' &&
      each.key === span.key &&
      each.endMs === span.startMs &&
      lengthOf(each) >= LEAST_TOLD_MS,
  );
  return [
    ...(within === undefined ? [] : [`${within.name} ${durationText(lengthOf(within))}`]),
    ...(before === undefined ? [] : [`before that ${durationText(lengthOf(before))} ${before.name}`]),
  ].join('; ');
}
