import { join } from 'node:path';

/** Where RKE2 keeps its things; all but the fixed ones lie below the data directory. */
export interface Paths {
  readonly data: string;
  readonly bin: string;
  readonly releases: string;
  readonly server: string;
  readonly tls: string;
  readonly cred: string;
  readonly db: string;
  readonly etcd: string;
  readonly snapshots: string;
  readonly manifests: string;
  readonly serverEtc: string;
  readonly agent: string;
  readonly agentEtc: string;
  readonly agentLogs: string;
  readonly images: string;
  readonly podManifests: string;
}

export const DEFAULT_DATA_DIRECTORY = '/var/lib/rancher/rke2';
export const RANCHER_DIRECTORY = '/etc/rancher/rke2';
export const NODE_DIRECTORY = '/etc/rancher/node';
export const KUBECONFIG = '/etc/rancher/rke2/rke2.yaml';
export const CONTAINERD_RUN_DIRECTORY = '/run/k3s/containerd';

export function pathsOf(data: string): Paths {
  const server = join(data, 'server');
  const agent = join(data, 'agent');
  return {
    data,
    bin: join(data, 'bin'),
    releases: join(data, 'data'),
    server,
    tls: join(server, 'tls'),
    cred: join(server, 'cred'),
    db: join(server, 'db'),
    etcd: join(server, 'db/etcd'),
    snapshots: join(server, 'db/snapshots'),
    manifests: join(server, 'manifests'),
    serverEtc: join(server, 'etc'),
    agent,
    agentEtc: join(agent, 'etc'),
    agentLogs: join(agent, 'logs'),
    images: join(agent, 'images'),
    podManifests: join(agent, 'pod-manifests'),
  };
}
