import * as z from 'zod';
import { group } from './key.ts';
import { ETCD_KEYS } from './services/etcd.ts';
import { KUBE_API_KEYS } from './services/kube-api.ts';
import { KUBE_CONTROLLER_KEYS } from './services/kube-controller.ts';
import { KUBELET_KEYS } from './services/kubelet.ts';
import { KUBEPROXY_KEYS } from './services/kubeproxy.ts';
import { SCHEDULER_KEYS } from './services/scheduler.ts';

const MAP = { error: 'must be a map of settings' };

/** RKE1's place for the components of Kubernetes and for the cluster's address ranges. */
export const ServicesSchema = z.strictObject(
  {
    etcd: group(z.strictObject(ETCD_KEYS, MAP), {
      description: 'etcd: its snapshots, or where an external one is.',
      examples: [{ backup_config: { interval_hours: 12, retention: 6 } }],
    }),
    'kube-api': group(z.strictObject(KUBE_API_KEYS, MAP), {
      description: 'The API server.',
      examples: [{ service_cluster_ip_range: '10.43.0.0/16' }],
    }),
    'kube-controller': group(z.strictObject(KUBE_CONTROLLER_KEYS, MAP), {
      description: 'The controller manager.',
      examples: [{ cluster_cidr: '10.42.0.0/16' }],
    }),
    scheduler: group(z.strictObject(SCHEDULER_KEYS, MAP), {
      description: 'The scheduler.',
      examples: [{ extra_args: { v: '4' } }],
    }),
    kubelet: group(z.strictObject(KUBELET_KEYS, MAP), {
      description: 'The kubelets.',
      examples: [{ extra_args: { 'max-pods': '200' } }],
    }),
    kubeproxy: group(z.strictObject(KUBEPROXY_KEYS, MAP), {
      description: 'kube-proxy.',
      examples: [{ extra_args: { v: '4' } }],
    }),
  },
  {
    error: 'must be a map with `etcd`, `kube-api`, `kube-controller`, `scheduler`, `kubelet` and `kubeproxy`',
  },
);
