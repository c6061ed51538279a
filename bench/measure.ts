/** What several runs of one thing gave, in the unit of the figure: wall-clock seconds unless it says otherwise. */
export interface Samples {
  readonly name: string;
  readonly values: readonly number[];
}

/** One thing that is measured. */
export interface Subject {
  readonly name: string;
  /** What it gives is the sample, for what no clock here can take; without that, its wall-clock seconds are. */
  readonly run: (() => Promise<number>) | (() => Promise<void>);
  /** What makes every run begin alike; not timed. */
  readonly before?: () => Promise<void>;
}

/** The middle of the runs; robust against a machine that was busy once. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/**
 * Takes two things in turn, `runs` times each after one run of either to warm up, so that a slow moment of the machine
 * meets both. Which one goes first changes every round.
 */
export async function interleave(
  runs: number,
  ours: Subject,
  theirs: Subject,
): Promise<readonly [Samples, Samples]> {
  const taken = { ours: [] as number[], theirs: [] as number[] };
  for (let run = -1; run < runs; run += 1) {
    const order = run % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
    for (const whose of order) {
      const value = await take(whose === 'ours' ? ours : theirs);
      if (run >= 0) taken[whose].push(value);
    }
  }
  return [
    { name: ours.name, values: taken.ours },
    { name: theirs.name, values: taken.theirs },
  ];
}

/** Takes one thing `runs` times after one run to warm up, for a figure that is held against a limit of its own. */
export async function repeat(runs: number, subject: Subject): Promise<readonly [Samples]> {
  const values: number[] = [];
  for (let run = -1; run < runs; run += 1) {
    const value = await take(subject);
    if (run >= 0) values.push(value);
  }
  return [{ name: subject.name, values }];
}

async function take({ before, run }: Subject): Promise<number> {
  await before?.();
  const started = performance.now();
  const value = await run();
  return typeof value === 'number' ? value : (performance.now() - started) / 1000;
}
