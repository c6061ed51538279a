/** Wall-clock seconds of several runs of one thing. */
export interface Samples {
  readonly name: string;
  readonly seconds: readonly number[];
}

/** One of two things that are held against each other. */
export interface Subject {
  readonly name: string;
  readonly run: () => Promise<void>;
  /** What makes every run begin alike; not timed. */
  readonly before?: () => Promise<void>;
}

/** The middle of the runs; robust against a machine that was busy once. */
export function median(seconds: readonly number[]): number {
  const sorted = [...seconds].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/**
 * Times two things in turn, `runs` times each after one run of either to warm up, so that a slow moment of the machine
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
      const seconds = await time(whose === 'ours' ? ours : theirs);
      if (run >= 0) taken[whose].push(seconds);
    }
  }
  return [
    { name: ours.name, seconds: taken.ours },
    { name: theirs.name, seconds: taken.theirs },
  ];
}

async function time({ before, run }: Subject): Promise<number> {
  await before?.();
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}
