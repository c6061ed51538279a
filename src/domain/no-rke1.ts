import type { Rke1Facts } from './observed.ts';

/** A host that RKE1, its Docker or another Kubernetes left nothing on. */
export const NO_RKE1: Rke1Facts = {
  docker: false,
  containers: [],
  podContainers: 0,
  paths: [],
  interfaces: [],
  chains: 0,
  mounts: 0,
};
