import type { NodeKey } from '../../domain/cluster.ts';
import type { Span, SpanKind } from './span.ts';

/** One event of the Trace Event Format that Chrome made and Perfetto and speedscope read. `ts` and `dur` are µs. */
export type TraceEvent =
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: SpanKind;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'process_sort_index' | 'thread_name';
      readonly pid: number;
      readonly tid: number;
      readonly args: Readonly<Record<string, unknown>>;
    };

/** Kinds that lie on one track, by the track's name; what overlaps there goes on to another one. */
const TRACKS: Readonly<Record<SpanKind, string>> = {
  run: 'phases',
  phase: 'phases',
  look: 'steps',
  step: 'steps',
  part: 'steps',
  wait: 'steps',
  connection: 'connection',
  command: 'commands',
  transfer: 'commands',
  talk: 'open talks',
};

/**
 * Spans as a trace: every host is a process of it, the operator's machine the first; on each the tracks of TRACKS. Spans
 * of one track lie within each other or apart, as the format wants it.
 */
export function makeTrace(
  spans: readonly Span[],
  names: ReadonlyMap<NodeKey, string>,
): readonly TraceEvent[] {
  const byKey = new Map<NodeKey | null, Span[]>([[null, []]]);
  for (const span of spans) {
    const own = byKey.get(span.key);
    if (own === undefined) byKey.set(span.key, [span]);
    else own.push(span);
  }
  return [...byKey].flatMap(([key, own], index) => {
    const pid = index + 1;
    const label = key === null ? 'rke2ctl' : hostLabel(key, names);
    return [
      { ph: 'M', name: 'process_name', pid, tid: 0, args: { name: label } } as const,
      { ph: 'M', name: 'process_sort_index', pid, tid: 0, args: { sort_index: index } } as const,
      ...[...new Set(Object.values(TRACKS))].flatMap((track, place) =>
        trackEvents(
          own.filter(({ kind }) => TRACKS[kind] === track),
          { pid, track, firstTid: place * 100 + 1 },
        ),
      ),
    ];
  });
}

/** The text of a trace file. */
export function renderTrace(spans: readonly Span[], names: ReadonlyMap<NodeKey, string>): string {
  const lines = makeTrace(spans, names).map((event) => JSON.stringify(event));
  return `{"displayTimeUnit":"ms","traceEvents":[\n${lines.join(',\n')}\n]}\n`;
}

function hostLabel(key: NodeKey, names: ReadonlyMap<NodeKey, string>): string {
  const name = names.get(key);
  return name === undefined || name === key ? key : `${name} (${key})`;
}

interface Track {
  readonly pid: number;
  readonly track: string;
  readonly firstTid: number;
}

function trackEvents(spans: readonly Span[], { pid, track, firstTid }: Track): readonly TraceEvent[] {
  return nestSpans(spans).flatMap((lane, index) => {
    const tid = firstTid + index;
    const name = index === 0 ? track : `${track} ${index + 1}`;
    return [
      { ph: 'M', name: 'thread_name', pid, tid, args: { name } } as const,
      ...lane.map((span) => toEvent(span, pid, tid)),
    ];
  });
}

function toEvent({ kind, name, startMs, endMs, detail }: Span, pid: number, tid: number): TraceEvent {
  const [ts, end] = [startMs, endMs].map((ms) => Math.round(ms * 1000)) as [number, number];
  return { ph: 'X', name, cat: kind, pid, tid, ts, dur: Math.max(0, end - ts), args: detail };
}

/** Puts spans on as few lanes as it takes for those of one lane to lie within each other or apart; outer ones first. */
export function nestSpans(spans: readonly Span[]): readonly (readonly Span[])[] {
  const sorted = spans.toSorted((a, b) => a.startMs - b.startMs || b.endMs - a.endMs);
  const lanes: { readonly spans: Span[]; readonly open: Span[] }[] = [];
  for (const span of sorted) {
    for (const { open } of lanes) {
      while (open.length > 0 && (open.at(-1)?.endMs ?? 0) <= span.startMs) open.pop();
    }
    const fits = lanes.find(({ open }) => span.endMs <= (open.at(-1)?.endMs ?? Number.POSITIVE_INFINITY));
    const lane = fits ?? { spans: [], open: [] };
    if (fits === undefined) lanes.push(lane);
    lane.spans.push(span);
    lane.open.push(span);
  }
  return lanes.map((lane) => lane.spans);
}
