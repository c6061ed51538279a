import type { StepHandler } from './step-handler.ts';

export const labelNode: StepHandler<'label-node'> = {
  title: () => 'set labels and taints',
  run: () => Promise.reject(new Error('not written yet')),
};
