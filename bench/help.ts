import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { doNothing } from './validate.ts';

const BIN = fileURLToPath(new URL('../bin/rke2ctl', import.meta.url));
const RUNS = 21;

/** What it takes until the built command has said what it can do, against Node doing nothing. */
export const helpFigure: Figure = {
  name: 'help',
  limit: 1.5,
  measure: () =>
    interleave(
      RUNS,
      { name: 'rke2ctl --help', run: async () => void (await execa(process.execPath, [BIN, '--help'])) },
      doNothing(),
    ),
};
