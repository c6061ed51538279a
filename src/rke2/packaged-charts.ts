/** What decides whether RKE2 deploys a chart of its own: the CNI, the ingress controller, the cloud provider, or `disable`. */
export type ChartReason =
  | { readonly kind: 'cni'; readonly cni: string }
  | { readonly kind: 'ingress'; readonly controller: string }
  | { readonly kind: 'cloud'; readonly provider: string }
  | { readonly kind: 'always' };

function cni(name: string): ChartReason {
  return { kind: 'cni', cni: name };
}

function ingress(controller: string): ChartReason {
  return { kind: 'ingress', controller };
}

function cloud(provider: string): ChartReason {
  return { kind: 'cloud', provider };
}

const ALWAYS: ChartReason = { kind: 'always' };

/** The charts that a release of RKE2 packages, by the name of their HelmChart in kube-system. */
export const PACKAGED_CHARTS: Readonly<Record<string, ChartReason>> = {
  'rke2-canal': cni('canal'),
  'rke2-calico': cni('calico'),
  'rke2-calico-crd': cni('calico'),
  'rke2-cilium': cni('cilium'),
  'rke2-flannel': cni('flannel'),
  'rke2-multus': cni('multus'),
  'rke2-ingress-nginx': ingress('ingress-nginx'),
  'rke2-traefik': ingress('traefik'),
  'rke2-traefik-crd': ingress('traefik'),
  'rancher-vsphere-cpi': cloud('rancher-vsphere'),
  'rancher-vsphere-csi': cloud('rancher-vsphere'),
  'harvester-cloud-provider': cloud('harvester'),
  'harvester-csi-driver': cloud('harvester'),
  'rke2-ovirt-csi-driver': cloud('ovirt'),
  'rke2-coredns': ALWAYS,
  'rke2-metrics-server': ALWAYS,
  'rke2-runtimeclasses': ALWAYS,
  'rke2-security-responder': ALWAYS,
  'rke2-snapshot-controller': ALWAYS,
  'rke2-snapshot-controller-crd': ALWAYS,
  'rke2-snapshot-validation-webhook': ALWAYS,
};
