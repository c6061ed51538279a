/** What `rke2 certificate rotate` can renew, in its words. */
export const CERTIFICATE_SERVICES = [
  'admin',
  'api-server',
  'auth-proxy',
  'cloud-controller',
  'controller-manager',
  'etcd',
  'kube-proxy',
  'kubelet',
  'rke2-controller',
  'rke2-server',
  'scheduler',
  'supervisor',
] as const;

export type CertificateService = (typeof CERTIFICATE_SERVICES)[number];

/** What RKE1 called them. */
const RKE1_NAMES: Readonly<Record<string, CertificateService>> = {
  'kube-apiserver': 'api-server',
  'kube-controller-manager': 'controller-manager',
  'kube-scheduler': 'scheduler',
};

/** Those of which an agent has certificates. */
const OF_AGENTS: ReadonlySet<CertificateService> = new Set(['kube-proxy', 'kubelet', 'rke2-controller']);

/** A service by RKE2's or RKE1's name; null for any other word. */
export function certificateService(name: string): CertificateService | null {
  return CERTIFICATE_SERVICES.find((service) => service === name) ?? RKE1_NAMES[name] ?? null;
}

/** True when renewing these (all of them, if none is named) concerns agents. */
export function concernsAgents(services: readonly string[]): boolean {
  return services.length === 0 || services.some((name) => OF_AGENTS.has(name as CertificateService));
}

/** The port on which the certificate of a service is shown; services that only ever connect have none. */
export const CERTIFICATE_PORTS: Readonly<Partial<Record<CertificateService, number>>> = {
  'api-server': 6443,
  etcd: 2379,
  kubelet: 10250,
  'rke2-server': 9345,
};
