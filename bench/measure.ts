/** Wall-clock seconds of several runs of one thing. */
export interface Samples {
  readonly name: string;
  readonly seconds: readonly number[];
}

/** The middle of the runs; robust against a machine that was busy once. */
export function median(seconds: readonly number[]): number {
  const sorted = seconds.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/**
 * Runs each thing in turn, A B A B …, `runs` times after one warm-up, so that a slow moment of the machine meets all of
 * them alike.
 */
export async function interleave(
  runs: number,
  things: Readonly<Record<string, () => Promise<void>>>,
): Promise<readonly Samples[]> {
  const seconds = new Map<string, number[]>(Object.keys(things).map((name) => [name, []]));
  for (let run = -1; run < runs; run += 1) {
    for (const [name, thing] of Object.entries(things)) {
      const started = performance.now();
      await thing();
      if (run >= 0) seconds.get(name)?.push((performance.now() - started) / 1000);
    }
  }
  return [...seconds].map(([name, all]) => ({ name, seconds: all }));
}
