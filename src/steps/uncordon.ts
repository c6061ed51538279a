import type { StepHandler } from './step-handler.ts';

export const uncordon: StepHandler<'uncordon'> = {
  title: () => 'let pods onto it again',
  run: () => Promise.reject(new Error('not written yet')),
};
