import { fanOutFigure } from './fan-out.ts';
import type { Figure } from './figure.ts';
import { firstUpAnsibleFigure } from './first-up-ansible.ts';
import { helpFigure } from './help.ts';
import { noopUpFigure } from './noop-up.ts';
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
  uploadFigure,
  fanOutFigure,
  firstUpAnsibleFigure,
];
