import { availableParallelism, loadavg } from 'node:os';
import { fanOutFigure } from './fan-out.ts';
import type { Figure } from './figure.ts';
import { helpFigure } from './help.ts';
import { median, type Samples } from './measure.ts';
import { noopUpFigure } from './noop-up.ts';
import { stateReadFigure, stateWriteFigure } from './state.ts';
import { uploadFigure } from './upload.ts';
import {
  validateFigure,
  validateGrowthFigure,
  validateOrdinaryFigure,
  validateWarningsFigure,
} from './validate.ts';

const FIGURES: readonly Figure[] = [
  helpFigure,
  validateOrdinaryFigure,
  validateFigure,
  validateWarningsFigure,
  validateGrowthFigure,
  stateWriteFigure,
  stateReadFigure,
  noopUpFigure,
  uploadFigure,
  fanOutFigure,
];

/** Prints every figure as ours ÷ theirs; with names as arguments only those. Exit code 1 when one is over its limit. */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !FIGURES.some((figure) => figure.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no figure ${unknown.join(', ')}; there are ${FIGURES.map(({ name }) => name).join(', ')}.`,
    );
    process.exitCode = 3;
    return;
  }
  const chosen = FIGURES.filter((figure) => names.length === 0 || names.includes(figure.name));
  for (const { name, limit, measure } of chosen) {
    const load = loadavg()[0] ?? 0;
    const [ours, theirs] = await measure();
    const ratio = median(ours.seconds) / median(theirs.seconds);
    if (ratio > limit) process.exitCode = 1;
    console.log(`${name}: ${ratio.toFixed(2)} (limit ${limit})${ratio > limit ? '  OVER' : ''}`);
    for (const samples of [ours, theirs]) console.log(`  ${describe(samples)}`);
    console.log(`  load before ${load.toFixed(1)} on ${availableParallelism()} cores`);
  }
}

function describe({ name, seconds }: Samples): string {
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)];
  return `${name}: median ${median(seconds).toFixed(3)} s of ${seconds.length} (${least.toFixed(3)} – ${most.toFixed(3)})`;
}

await main(process.argv.slice(2));
