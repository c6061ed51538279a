import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure, Unit } from './figure.ts';
import { FIGURES } from './figures.ts';
import { createFixtures, type Share } from './fixture.ts';
import { median, type Samples } from './measure.ts';

/**
 * Prints every figure; with names as arguments only those, with `--vs ansible` also those that compare with it. Exit code 1
 * when one is over its limit or could not be taken.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { vs: { type: 'string' } }, allowPositionals: true });
  const unknown = positionals.filter((name) => !FIGURES.some((figure) => figure.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no figure ${unknown.join(', ')}; there are ${FIGURES.map(({ name }) => name).join(', ')}.`,
    );
    process.exitCode = 3;
    return;
  }
  const chosen = FIGURES.filter(({ name, versus }) =>
    positionals.length === 0 ? versus === undefined || versus === values.vs : positionals.includes(name),
  );
  const fixtures = createFixtures();
  try {
    for (const [index, figure] of chosen.entries()) {
      await show(figure, fixtures.share);
      await fixtures.keepOnly(chosen.slice(index + 1).flatMap((later) => later.fixtures ?? []));
    }
  } finally {
    await fixtures.keepOnly([]);
  }
}

async function show({ name, limit, unit = 's', measure }: Figure, share: Share): Promise<void> {
  const load = loadavg()[0] ?? 0;
  const [ours, theirs] = await measure(share);
  const value = median(ours.values) / (theirs === undefined ? 1 : median(theirs.values));
  if (value > limit) process.exitCode = 1;
  const of = theirs === undefined ? ` ${unit}` : '';
  console.log(`${name}: ${value.toFixed(2)}${of} (limit ${limit}${of})${value > limit ? '  OVER' : ''}`);
  for (const samples of theirs === undefined ? [ours] : [ours, theirs])
    console.log(`  ${describe(samples, unit)}`);
  console.log(`  load before ${load.toFixed(1)} on ${availableParallelism()} cores`);
}

function describe({ name, values }: Samples, unit: Unit): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${name}: median ${median(values).toFixed(3)} ${unit} of ${values.length} (${least.toFixed(3)} – ${most.toFixed(3)})`;
}

await main();
