import type { NodeKey } from '../../domain/cluster.ts';
import type { Span, SpanKind } from './span.ts';

/** One event of the Trace Event Format that Chrome made and Perfetto and speedscope read. `ts` and `dur` are µs. */
export type TraceEvent = CompleteEvent | NameEvent;

interface CompleteEvent extends Stretch {
  readonly ph: 'X';
  readonly name: string;
  readonly cat: SpanKind;
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

interface NameEvent {
  readonly ph: 'M';
  readonly name: 'process_name' | 'process_sort_index' | 'thread_name';
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Whole µs. */
interface Stretch {
  readonly ts: number;
  readonly dur: number;
}

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
  return nestEvents(spans.map((span) => toEvent(span, pid))).flatMap((lane, index) => {
    const tid = firstTid + index;
    const name = index === 0 ? track : `${track} ${index + 1}`;
    return [
      { ph: 'M', name: 'thread_name', pid, tid, args: { name } } as const,
      ...lane.map((event) => ({ ...event, tid })),
    ];
  });
}

/**
 * Nothing takes less than 1 µs: what begins and ends at once, speedscope ends before it begins where something else
 * begins then too, and draws the whole track wrong from there on.
 */
function toEvent({ kind, name, startMs, endMs, detail }: Span, pid: number): CompleteEvent {
  const [ts, end] = [startMs, endMs].map((ms) => Math.round(ms * 1000)) as [number, number];
  return { ph: 'X', name, cat: kind, pid, tid: 0, ts, dur: Math.max(1, end - ts), args: detail };
}

/** Puts events on as few lanes as it takes for those of one lane to lie within each other or apart; outer ones first. */
export function nestEvents<E extends Stretch>(events: readonly E[]): readonly (readonly E[])[] {
  const sorted = events.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur);
  const lanes: { readonly events: E[]; readonly open: E[] }[] = [];
  for (const event of sorted) {
    for (const { open } of lanes) {
      while (open.length > 0 && endOf(open.at(-1)) <= event.ts) open.pop();
    }
    const fits = lanes.find(({ open }) => endOf(event) <= endOf(open.at(-1)));
    const lane = fits ?? { events: [], open: [] };
    if (fits === undefined) lanes.push(lane);
    lane.events.push(event);
    lane.open.push(event);
  }
  return lanes.map((lane) => lane.events);
}

/** Where nothing is open, everything fits. */
function endOf(event: Stretch | undefined): number {
  return event === undefined ? Number.POSITIVE_INFINITY : event.ts + event.dur;
}
