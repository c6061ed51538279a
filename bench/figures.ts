import { commandFigure } from './command.ts';
import { fanOutFigure } from './fan-out.ts';
import type { Figure } from './figure.ts';
import { firstUpAnsibleFigure } from './first-up-ansible.ts';
import { helpFigure } from './help.ts';
import { noop1000FaultsFigure, noop1000Figure } from './noop-1000.ts';
import { noopDelayedFigure } from './noop-delayed.ts';
import { noopUpFigure } from './noop-up.ts';
import { noopUpAnsibleFigure } from './noop-up-ansible.ts';
import { stateReadFigure, stateWriteFigure } from './state.ts';
import { uploadFigure } from './upload.ts';
import {
  validateFigure,
  validateGrowthFigure,
  validateOrdinaryFigure,
  validateWarningsFigure,
} from './validate.ts';

/** Every figure, in the order in which they are taken and shown; those with a fixture in common stand together. */
export const FIGURES: readonly Figure[] = [
  helpFigure,
  validateOrdinaryFigure,
  validateFigure,
  validateWarningsFigure,
  validateGrowthFigure,
  stateWriteFigure,
  stateReadFigure,
  noopUpFigure,
  noopDelayedFigure,
  noop1000Figure,
  noop1000FaultsFigure,
  commandFigure,
  uploadFigure,
  fanOutFigure,
  noopUpAnsibleFigure,
  firstUpAnsibleFigure,
];
