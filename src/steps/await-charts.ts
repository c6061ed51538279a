import type { StepHandler } from './step-handler.ts';

export const awaitCharts: StepHandler<'await-charts'> = {
  title: () => 'wait for the charts of RKE2',
  run: () => Promise.reject(new Error('not written yet')),
};
