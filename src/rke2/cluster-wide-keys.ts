/**
 * Keys of config.yaml that must be the same on every server. RKE2 compares some of them when a server joins and refuses
 * it; the others decide for the whole cluster, so that the server that writes last would win.
 */
export const CLUSTER_WIDE_KEYS: ReadonlySet<string> = new Set([
  'cloud-provider-config',
  'cloud-provider-name',
  'disable',
  'disable-cloud-controller',
  'disable-kube-proxy',
  'egress-selector-mode',
  'embedded-registry',
  'enable-servicelb',
  'helm-job-image',
  'ingress-controller',
  'kube-apiserver-arg',
  'pod-security-admission-config-file',
  'profile',
  'secrets-encryption-provider',
  'service-node-port-range',
  'servicelb-namespace',
  'supervisor-metrics',
]);
