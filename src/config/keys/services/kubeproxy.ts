import { argumentKeys, containerKeys, lostKeys } from './component.ts';

/** kube-proxy, on every node. */
export const KUBEPROXY_KEYS = {
  ...argumentKeys('kubeproxy', 'conntrack-max-per-core'),
  ...containerKeys('kubeproxy'),
  ...lostKeys('kubeproxy'),
};
