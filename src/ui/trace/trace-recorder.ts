import type { NodeKey } from '../../domain/cluster.ts';
import type { RunEvent } from '../../domain/event.ts';
import type { Traffic } from '../../domain/traffic.ts';
import { findWaits, type PlannedSteps, type StepSpan } from './find-waits.ts';
import type { Span } from './span.ts';

/** What is sent in less is a script and its words. */
const TRANSFER_BYTES = 1_000_000;

interface OpenStep {
  readonly startMs: number;
  readonly name: string;
  readonly key: NodeKey | null;
  part: { readonly name: string; readonly startMs: number } | null;
}

type Told<T extends RunEvent['type']> = Extract<RunEvent, { readonly type: T }>;

/**
 * Makes spans of events and traffic as they come; secrets have been taken out of the events already, and `scrub` takes
 * them out of the traffic. `now` gives ms since this process began.
 */
export class TraceRecorder {
  readonly #now: () => number;
  readonly #spans: Span[] = [];
  readonly #names = new Map<NodeKey, string>();
  readonly #looks = new Map<NodeKey, number>();
  readonly #steps = new Map<string, OpenStep>();
  #command = '';
  #beganMs = 0;
  #plan: PlannedSteps | null = null;
  #done: StepSpan[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What the nodes are called, as far as it is known. */
  get names(): ReadonlyMap<NodeKey, string> {
    return this.#names;
  }

  /** Everything so far, in the order of its end; steps that are still at it are left out. */
  get spans(): readonly Span[] {
    return [...this.#spans, ...this.#waits()];
  }

  handle(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#runStarted(event);
        return;
      case 'host-connecting':
        this.#looks.set(event.key, this.#now());
        return;
      case 'host-probed':
        this.#names.set(event.key, event.name);
        this.#lookEnded(event.key, {});
        return;
      case 'host-unreachable':
        this.#lookEnded(event.key, { failure: event.failure.code });
        return;
      case 'planned':
        this.#planned(event);
        return;
      case 'step-started':
        this.#stepStarted(event);
        return;
      case 'step-progress':
        this.#stepProgress(event);
        return;
      case 'step-ended':
        this.#stepEnded(event);
        return;
      case 'run-ended':
        this.#runEnded(event);
        return;
    }
  }

  /** What went over the way to a host. */
  traffic(key: NodeKey, traffic: Traffic, scrub: (text: string) => string): void {
    const { startedMs, durationMs, error } = traffic;
    const failed = error === null ? {} : { failure: codeOf(error) };
    const span = { key, startMs: startedMs, endMs: startedMs + durationMs };
    if (traffic.type === 'connection') {
      this.#spans.push({ ...span, kind: 'connection', name: 'connect', detail: failed });
      return;
    }
    const { what, stdinBytes, exitCode, isTalk } = traffic;
    const kind = isTalk ? 'talk' : stdinBytes >= TRANSFER_BYTES ? 'transfer' : 'command';
    this.#spans.push({
      ...span,
      kind,
      name: scrub(what),
      detail: { exitCode, sentBytes: stdinBytes, ...failed },
    });
  }

  #runStarted({ command, clusterName }: Told<'run-started'>): void {
    this.#finishRun();
    this.#command = command;
    const startMs = this.#spans.length === 0 ? 0 : this.#now();
    const detail = { cluster: clusterName };
    this.#beganMs = this.#add('phase', `${command}: start up, read the file`, null, startMs, detail).endMs;
  }

  #lookEnded(key: NodeKey, detail: Span['detail']): void {
    const startMs = this.#looks.get(key);
    if (startMs === undefined) return;
    this.#looks.delete(key);
    const { endMs } = this.#add('look', 'look at the host', key, startMs, detail);
    const connection = this.#spans.findLast((span) => span.kind === 'connection' && span.key === key);
    // The command that asks may go on, as it holds the lock: what counts is when it has answered.
    if (connection !== undefined && connection.startMs >= startMs)
      this.#spans.push({
        kind: 'part',
        name: 'the probe',
        key,
        startMs: connection.endMs,
        endMs,
        detail: {},
      });
  }

  #planned({ plan }: Told<'planned'>): void {
    for (const { key, name } of [...plan.nodes, ...plan.leaving]) this.#names.set(key, name);
    const detail = { steps: plan.steps.length };
    const words = `${this.#command}: look at the hosts, plan`;
    const startMs = this.#add('phase', words, null, this.#beganMs, detail).endMs;
    this.#plan = { startMs, steps: new Map(plan.steps.map((step) => [step.id, step])) };
  }

  #runEnded({ result }: Told<'run-ended'>): void {
    const startMs = this.#plan?.startMs ?? this.#beganMs;
    this.#add('run', `${this.#command}: carry the plan out`, null, startMs, { outcome: result.outcome });
  }

  #stepStarted({ step, node, title }: Told<'step-started'>): void {
    this.#steps.set(step, { startMs: this.#now(), name: title, key: node?.key ?? null, part: null });
  }

  /** Words that differ in their numbers only are the same part: it counts something. */
  #stepProgress({ step, words }: Told<'step-progress'>): void {
    const open = this.#steps.get(step);
    if (open === undefined || shapeOf(open.part?.name ?? '') === shapeOf(words)) return;
    this.#endPart(open);
    open.part = { name: words, startMs: this.#now() };
  }

  #stepEnded({ step, outcome }: Told<'step-ended'>): void {
    const open = this.#steps.get(step);
    if (open === undefined) return;
    this.#steps.delete(step);
    this.#endPart(open);
    const { startMs, name, key } = open;
    const span = this.#add('step', name, key, startMs, { step, outcome });
    this.#done.push({ ...span, step });
  }

  #endPart(open: OpenStep): void {
    if (open.part === null) return;
    this.#add('part', open.part.name, open.key, open.part.startMs, {});
    open.part = null;
  }

  #add(kind: Span['kind'], name: string, key: NodeKey | null, startMs: number, detail: Span['detail']): Span {
    const span = { kind, name, key, startMs, endMs: this.#now(), detail };
    this.#spans.push(span);
    return span;
  }

  /** Of a run that consists of several commands, step ids come again. */
  #finishRun(): void {
    this.#spans.push(...this.#waits());
    this.#plan = null;
    this.#done = [];
  }

  #waits(): readonly Span[] {
    return this.#plan === null ? [] : findWaits(this.#plan, this.#done, (key) => this.#names.get(key) ?? key);
  }
}

/** Numbers that are part of a name or an address tell one thing from another. */
function shapeOf(words: string): string {
  return words.replaceAll(/(?<![\w.:-])\d+(\.\d+)?(?!\.?\d)/g, '#');
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.constructor.name;
}
