import { DEFAULTS } from '../../defaults.ts';
import { cidrs } from '../../schema/cidrs.ts';
import { config, mapped } from '../key.ts';
import { argumentKeys, containerKeys, lostKeys } from './component.ts';

/** The controller manager. */
export const KUBE_CONTROLLER_KEYS = {
  cluster_cidr: mapped(cidrs('10.42.0.0/16'), {
    description: 'CIDR of the pods; one per IP family. Cannot be changed once the cluster runs.',
    examples: ['10.42.0.0/16', '10.42.0.0/16,fd00:42::/56'],
    default: `\`${DEFAULTS.clusterCidr}\``,
    becomes: [config('cluster-cidr')],
  }),
  service_cluster_ip_range: mapped(cidrs('10.43.0.0/16'), {
    description: 'CIDR of the services a second time, as RKE1 has it: the same as in `kube-api`.',
    examples: ['10.43.0.0/16'],
    default: 'what `kube-api` says',
    becomes: [config('service-cidr')],
  }),
  ...argumentKeys('kube-controller', 'terminated-pod-gc-threshold'),
  ...containerKeys('kube-controller'),
  ...lostKeys('kube-controller'),
};
