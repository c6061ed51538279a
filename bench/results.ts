import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Figure, Unit } from './figure.ts';
import type { Share } from './fixture.ts';
import type { Machine } from './machine.ts';
import { median } from './measure.ts';
import { renderPicture } from './picture.ts';

/** What a figure was when it was last taken, and where. */
export interface Result {
  readonly name: string;
  /** The ratio of the medians, or the median where nothing is compared. */
  readonly value: number;
  readonly limit: number;
  /** Of the samples, and of a value that is no ratio. */
  readonly unit: Unit;
  readonly over: boolean;
  /** Ours, then what it is held against, if anything. */
  readonly sides: readonly Side[];
  readonly taken: string;
  readonly commit: string;
  /** Of the minute before. */
  readonly load: number;
  readonly machine: Machine;
}

interface Side {
  readonly name: string;
  readonly median: number;
  readonly values: readonly number[];
}

/** Takes the samples of a figure and says what they come to. */
export async function takeResult(
  { name, limit, unit = 's', measure }: Figure,
  { share, ...where }: Pick<Result, 'commit' | 'machine'> & { readonly share: Share },
): Promise<Result> {
  const load = round(loadavg()[0] ?? Number.NaN);
  const sides = (await measure(share)).map(({ name: what, values }) => ({
    name: what,
    median: round(median(values)),
    values: values.map(round),
  }));
  const [ours, theirs] = sides;
  const value = round((ours?.median ?? Number.NaN) / (theirs?.median ?? 1));
  const taken = new Date().toISOString();
  return { name, value, limit, unit, over: !(value <= limit), sides, taken, load, ...where };
}

/** Puts results in the place of older ones of the same figures, in results.json and its picture. `names` has the order. */
export async function keepResults(results: readonly Result[], names: readonly string[]): Promise<void> {
  const all = new Map([...(await readResults()), ...results].map((result) => [result.name, result]));
  const kept = names.map((name) => all.get(name)).filter((result) => result !== undefined);
  await writeFile(place('results.json'), format(kept));
  await writeFile(place('results.svg'), renderPicture(kept));
}

async function readResults(): Promise<readonly Result[]> {
  try {
    const text = await readFile(place('results.json'), 'utf8');
    return (JSON.parse(text) as { readonly figures: readonly Result[] }).figures;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** As Biome wants it: numbers side by side. */
function format(figures: readonly Result[]): string {
  const text = JSON.stringify({ figures }, null, 2);
  return `${text.replace(/\[[\d\s.,e-]+\]/g, (list) => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'))}\n`;
}

/** Five digits are more than any clock here is good for. */
function round(value: number): number {
  return Number(value.toPrecision(5));
}

function place(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
