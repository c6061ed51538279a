import type { StepHandler } from './step-handler.ts';

export const drain: StepHandler<'drain'> = {
  title: () => 'drain',
  run: () => Promise.reject(new Error('not written yet')),
};
