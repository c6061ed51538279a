import { join } from 'node:path';
import type { Paths } from '../paths.ts';

/** The services of `rke2 certificate`, with the certificate files of each (without `.crt`), server's and agent's. */
const SERVICES: Readonly<
  Record<string, { readonly server?: readonly string[]; readonly agent?: readonly string[] }>
> = {
  admin: { server: ['client-admin'] },
  'api-server': { server: ['client-kube-apiserver', 'serving-kube-apiserver'] },
  'auth-proxy': { server: ['client-auth-proxy'] },
  'cloud-controller': { server: ['client-rke2-cloud-controller'] },
  'controller-manager': { server: ['client-controller', 'kube-controller-manager/kube-controller-manager'] },
  etcd: { server: ['etcd/client', 'etcd/server-client', 'etcd/peer-server-client'] },
  'kube-proxy': { server: ['client-kube-proxy'], agent: ['client-kube-proxy'] },
  kubelet: { agent: ['client-kubelet', 'serving-kubelet'] },
  'rke2-controller': { server: ['client-rke2-controller'], agent: ['client-rke2-controller'] },
  'rke2-server': {},
  scheduler: { server: ['client-scheduler', 'kube-scheduler/kube-scheduler'] },
  supervisor: { server: ['client-supervisor'] },
};

const AGENT_SERVICES = ['kube-proxy', 'kubelet', 'rke2-controller'];

export function isService(name: string): boolean {
  return name in SERVICES;
}

/** The services that have certificates on a host of this role. */
export function servicesOf(isServer: boolean): readonly string[] {
  return isServer ? Object.keys(SERVICES) : AGENT_SERVICES;
}

/** Paths of a service's certificates, without `.crt`. */
export function filesOf(service: string, paths: Paths): readonly string[] {
  const files = SERVICES[service] ?? {};
  return [
    ...(files.server ?? []).map((file) => join(paths.tls, file)),
    ...(files.agent ?? []).map((file) => join(paths.agent, file)),
  ];
}
