import { DNS_KEYS, INGRESS_KEYS, MONITORING_KEYS } from './rke1-keys/addon-keys.ts';
import { CLOUD_KEYS } from './rke1-keys/cloud-keys.ts';
import type { ExpectedKey } from './rke1-keys/expected-key.ts';
import { ACI_KEYS, NETWORK_KEYS } from './rke1-keys/network-keys.ts';
import { BASTION_KEYS, NODE_KEYS, REGISTRY_KEYS } from './rke1-keys/node-keys.ts';
import { AUTHENTICATION_KEYS, SERVICE_KEYS } from './rke1-keys/service-keys.ts';
import { TOP_KEYS } from './rke1-keys/top-keys.ts';

/** Every key of RKE1's cluster.yml as its source defines them, and what must become of each. */
export const RKE1_KEY_LIST: readonly ExpectedKey[] = [
  ...TOP_KEYS,
  ...NODE_KEYS,
  ...BASTION_KEYS,
  ...REGISTRY_KEYS,
  ...SERVICE_KEYS,
  ...AUTHENTICATION_KEYS,
  ...NETWORK_KEYS,
  ...ACI_KEYS,
  ...DNS_KEYS,
  ...INGRESS_KEYS,
  ...MONITORING_KEYS,
  ...CLOUD_KEYS,
];
