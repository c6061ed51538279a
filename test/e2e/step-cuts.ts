import { createHash } from 'node:crypto';
import type { Project } from './project.ts';

/** What a line of the JSON output says of a step. */
interface Line {
  readonly type: string;
  readonly step?: string;
  readonly kind?: string;
  readonly outcome?: string;
  readonly durationMs?: number;
}

/** Where a run is killed: so long after the moment that `place` names. */
export interface Cut {
  readonly place: string;
  readonly delayMs: number;
}

/** What was chosen of one change, cut by cut. */
export interface StepCuts {
  /** Null: on with it. A place is chosen once and never again. */
  choose(line: Line): Cut | null;
  /** Takes the choice of a place back at which nothing was killed: it may be chosen again. */
  putBack(cut: Cut): void;
  readonly chosen: readonly Cut[];
}

export interface CutOptions {
  readonly seed: string;
  readonly change: string;
  /** After the end of every step. */
  readonly ends: boolean;
  /** Which share of the steps is also cut within, 0…1. */
  readonly within: number;
}

const durations = new Map<string, number[]>();
const UNKNOWN_MS = 1_000;

/**
 * Cuts a change at its steps, which are whatever its runs tell of: just after each one's end, and once in the course of
 * it, at a moment between its start and its usual end (the median of its kind so far in this process). The same seed
 * chooses the same steps and the same parts of their time.
 */
export function chooseStepCuts({ seed, change, ends, within }: CutOptions): StepCuts {
  const met = new Set<string>();
  const chosen: Cut[] = [];
  const take = (place: string, delayMs: number): Cut | null => {
    if (met.has(place)) return null;
    met.add(place);
    const cut = { place, delayMs };
    chosen.push(cut);
    return cut;
  };
  return {
    chosen,
    putBack(cut) {
      met.delete(cut.place);
      chosen.splice(chosen.indexOf(cut), 1);
    },
    choose({ type, step, kind = '', outcome }) {
      if (step === undefined) return null;
      if (type === 'step-ended' && outcome === 'done' && ends) return take(`after ${step}`, 0);
      if (type !== 'step-started' || fractionOf(seed, change, step, 'whether') >= within) return null;
      const delayMs = Math.round(fractionOf(seed, change, step, 'when') * usualMs(kind));
      return take(`within ${step}`, delayMs);
    },
  };
}

/** How a run ended that was to be cut. */
export interface CutRun {
  /** Null when no place was left to cut it at. */
  readonly cut: Cut | null;
  /** False: it came to its own end, with exit code 0, before it could be killed. */
  readonly killed: boolean;
}

/** Runs rke2ctl until `cuts` chooses a place, and kills it there as the kernel would. Throws when the run fails by itself. */
export async function runUntilCut(
  project: Project,
  args: readonly string[],
  cuts: StepCuts,
): Promise<CutRun> {
  const process = project.spawn(...args, '--output', 'json');
  let cut: Cut | null = null;
  let timer: NodeJS.Timeout | undefined;
  const kill = () => process.kill('SIGKILL');
  const meet = (line: Line): void => {
    learn(line);
    // The end of another step goes before a moment that is still to come: not every run has it.
    if (cut !== null && (cut.delayMs === 0 || line.type !== 'step-ended')) return;
    const next = cuts.choose(line);
    if (next === null) return;
    clearTimeout(timer);
    if (cut !== null) cuts.putBack(cut);
    cut = next;
    if (cut.delayMs === 0) kill();
    else timer = setTimeout(kill, cut.delayMs);
  };
  let rest = '';
  process.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) if (text !== '') meet(JSON.parse(text) as Line);
  });
  const { exitCode, signal, stderr, stdout } = await process;
  clearTimeout(timer);
  const killed = signal === 'SIGKILL';
  if (!killed && exitCode !== 0)
    throw new Error(`${args.join(' ')} ended with ${exitCode}: ${String(stderr)}\n${lastLines(stdout)}`);
  return { cut, killed };
}

function learn({ type, kind, outcome, durationMs }: Line): void {
  if (type !== 'step-ended' || outcome !== 'done' || kind === undefined || durationMs === undefined) return;
  durations.set(kind, [...(durations.get(kind) ?? []), durationMs]);
}

function usualMs(kind: string): number {
  const known = durations.get(kind)?.toSorted((one, other) => one - other) ?? [];
  return known[Math.floor(known.length / 2)] ?? UNKNOWN_MS;
}

/** The same number in [0, 1) for the same words, whenever it is asked. */
function fractionOf(...words: readonly string[]): number {
  return createHash('sha256').update(words.join('\n')).digest().readUInt32BE() / 2 ** 32;
}

function lastLines(stdout: unknown): string {
  return String(stdout).split('\n').slice(-12).join('\n');
}
