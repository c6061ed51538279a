import type { StepHandler } from './step-handler.ts';

/** Takes kubeconfig, state and its history away: the cluster they belonged to is gone from every host. */
export const forgetState: StepHandler<'forget-state'> = {
  title: () => 'remove state and kubeconfig',
  run: async (_step, context) => {
    await context.operator.forgetCluster();
    return 'done';
  },
};
