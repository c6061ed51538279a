import type { StepHandler } from './step-handler.ts';

export const saveSnapshot: StepHandler<'save-snapshot'> = {
  title: (step) => `save snapshot ${step.name}`,
  run: () => Promise.reject(new Error('not written yet')),
};
