import { argumentKeys, containerKeys, lostKeys } from './component.ts';

/** The scheduler. */
export const SCHEDULER_KEYS = {
  ...argumentKeys('scheduler', 'v'),
  ...containerKeys('scheduler'),
  ...lostKeys('scheduler'),
};
