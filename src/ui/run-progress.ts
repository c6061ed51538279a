import type { RunEvent } from '../domain/event.ts';
import type { StepId } from '../domain/plan.ts';
import { cleanLine } from './clean-text.ts';
import { textWidth } from './fit-text.ts';
import { keyLabel, nodeLabel } from './host-label.ts';
import type { Scrub } from './view.ts';

/** Something that goes on right now on one host. Texts are clean, without secrets, and one line each. */
export interface BusyLine {
  readonly host: string;
  readonly title: string;
  readonly startedAt: number;
  readonly words: string;
  /** 0 to 1 where the step knows how far it is. */
  readonly fraction: number | null;
}

/** What the line of totals is made from. */
export interface RunTotals {
  readonly startedAt: number;
  /** null until there is a plan: hosts are being reached. */
  readonly steps: number | null;
  readonly ended: number;
  readonly failed: number;
  readonly reached: number;
  readonly unreachable: number;
  /** Hosts that nobody has called yet. */
  readonly ahead: number;
  /** Columns of the widest host and title so far: columns that only grow do not jump about on the screen. */
  readonly hostWidth: number;
  readonly titleWidth: number;
}

/** What a run is doing at this moment, kept up to date by its events. */
export interface RunProgress {
  apply(event: RunEvent, now: number): void;
  /** The longest at it first. */
  busy(): readonly BusyLine[];
  totals(): RunTotals;
  /** What a step is doing; null when it is not at work. */
  line(step: StepId): BusyLine | null;
  /** The title that a running or ended step was started with; its id when it never was. */
  title(step: StepId): string;
}

/**
 * A progress that begins at `now`. `scrub` sees every text once more after it was cleaned: a secret that control
 * characters tore apart is whole again then.
 */
export function createRunProgress(now: number, scrub: Scrub): RunProgress {
  const busy = new Map<string, BusyLine>();
  const titles = new Map<StepId, string>();
  let totals: RunTotals = {
    startedAt: now,
    steps: null,
    ended: 0,
    failed: 0,
    reached: 0,
    unreachable: 0,
    ahead: 0,
    hostWidth: 0,
    titleWidth: 0,
  };
  const clean = (text: string) => scrub(cleanLine(text));

  const begin = (key: string, host: string, title: string, startedAt: number) => {
    busy.set(key, { host, title, startedAt, words: '', fraction: null });
    const hostWidth = Math.max(totals.hostWidth, textWidth(host));
    totals = { ...totals, hostWidth, titleWidth: Math.max(totals.titleWidth, textWidth(title)) };
  };
  const apply = (event: RunEvent, at: number) => {
    switch (event.type) {
      case 'host-connecting':
        begin(`host ${event.key}`, keyLabel(event.key), 'connect and look', at);
        totals = { ...totals, ahead: event.ahead ?? 0 };
        break;
      case 'host-probed':
        busy.delete(`host ${event.key}`);
        totals = { ...totals, reached: totals.reached + 1 };
        break;
      case 'host-unreachable':
        busy.delete(`host ${event.key}`);
        totals = { ...totals, unreachable: totals.unreachable + 1 };
        break;
      case 'planned':
        totals = { ...totals, steps: event.plan.steps.length };
        break;
      case 'step-started': {
        const title = clean(event.title);
        titles.set(event.step, title);
        begin(event.step, nodeLabel(event.node), title, at);
        break;
      }
      case 'step-progress': {
        const line = busy.get(event.step);
        if (line !== undefined) {
          busy.set(event.step, { ...line, words: clean(event.words), fraction: event.fraction ?? null });
        }
        break;
      }
      case 'step-ended': {
        busy.delete(event.step);
        const failed = event.outcome === 'failed' || event.outcome === 'unknown';
        totals = { ...totals, ended: totals.ended + 1, failed: totals.failed + (failed ? 1 : 0) };
        break;
      }
      default:
        break;
    }
  };
  return {
    apply,
    busy: () => [...busy.values()],
    line: (step) => busy.get(step) ?? null,
    totals: () => totals,
    title: (step) => titles.get(step) ?? step,
  };
}
