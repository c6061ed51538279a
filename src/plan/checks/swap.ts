import { hostCheck } from './check.ts';
import { sizeText } from './size-text.ts';

/** RKE2 starts with swap, but memory limits of pods no longer mean what they say. */
export const swap = hostCheck('swap', 'warning', ({ facts }) => {
  if (facts.swapBytes === 0) return null;
  return {
    message: `The host has ${sizeText(facts.swapBytes)} of swap. RKE2 starts with it, but a node short of memory then crawls instead of evicting pods, etcd with it.`,
    hint: 'Run `swapoff -a` and take swap out of /etc/fstab, if you did not mean it.',
  };
});
