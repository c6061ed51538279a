import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';
import { FIGURES } from './figures.ts';
import { createFixtures } from './fixture.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { keepResults, type Result, takeResult } from './results.ts';

/**
 * Takes every figure, prints it, and keeps it in results.json and results.svg; with names as arguments only
 * those, with `--vs ansible` also those that compare with it. Exit code 1 when one is over its limit or could not be taken.
 */
async function main(): Promise<void> {
  const { values, positionals } = readWords();
  const unknown = positionals.filter((name) => !FIGURES.some((figure) => figure.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no figure ${unknown.join(', ')}; there are ${FIGURES.map(({ name }) => name).join(', ')}.`,
    );
    process.exitCode = 3;
    return;
  }
  if (values.vs !== undefined && !FIGURES.some(({ versus }) => versus === values.vs)) {
    console.error(`Nothing is compared with ${values.vs}; it is \`--vs ansible\`.`);
    process.exitCode = 3;
    return;
  }
  const chosen = FIGURES.filter(({ name, versus }) =>
    positionals.length === 0 ? versus === undefined || versus === values.vs : positionals.includes(name),
  );
  if (await takeAll(chosen)) process.exitCode = 1;
}

/** Ends with exit code 3 where a word is not known, as a figure does that there is not. */
function readWords() {
  try {
    return parseArgs({ options: { vs: { type: 'string' } }, allowPositionals: true });
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : error}\nUsage: npm run bench -- [FIGURE ...] [--vs ansible]`,
    );
    process.exit(3);
  }
}

/** Takes, shows and keeps one after the other; true when one is over its limit or could not be taken. */
async function takeAll(chosen: readonly Figure[]): Promise<boolean> {
  const names = FIGURES.map(({ name }) => name);
  const [machine, commit] = await Promise.all([describeMachine(), describeCommit()]);
  const { share, keepOnly } = createFixtures();
  let amiss = false;
  try {
    for (const [index, figure] of chosen.entries()) {
      try {
        const result = await takeResult(figure, { machine, commit, share });
        show(result);
        await keepResults([result], names);
        amiss ||= result.over;
      } catch (error) {
        console.error(`${figure.name}: not taken.`, error);
        amiss = true;
      }
      await keepOnly(chosen.slice(index + 1).flatMap((later) => later.fixtures ?? []));
    }
  } finally {
    await keepOnly([]);
  }
  return amiss;
}

function show({ name, value, limit, unit, over, sides, load, machine }: Result): void {
  const of = sides.length === 1 ? ` ${unit}` : '';
  console.log(`${name}: ${value.toPrecision(3)}${of} (limit ${limit}${of})${over ? '  OVER' : ''}`);
  for (const { name: what, median, values } of sides) {
    const [least, most] = [Math.min(...values), Math.max(...values)].map((one) => one.toPrecision(3));
    console.log(
      `  ${what}: median ${median.toPrecision(3)} ${unit} of ${values.length} (${least} – ${most})`,
    );
  }
  console.log(`  load before ${load.toFixed(1)} on ${machine.cores} cores`);
}

await main();
