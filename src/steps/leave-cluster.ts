import type { StepHandler } from './step-handler.ts';

export const leaveCluster: StepHandler<'leave-cluster'> = {
  title: () => 'leave the cluster',
  run: () => Promise.reject(new Error('not written yet')),
};
