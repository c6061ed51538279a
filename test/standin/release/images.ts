/** A bundle of a release's images: `rke2-images-<bundle>.linux-<arch>.*`. */
export type Bundle =
  | 'core'
  | 'canal'
  | 'calico'
  | 'cilium'
  | 'flannel'
  | 'multus'
  | 'ingress-nginx'
  | 'traefik'
  | 'harvester'
  | 'vsphere';

const CORE = [
  'hardened-coredns:v1.14.7-build20260819',
  'hardened-cluster-autoscaler:v1.10.3-build20260819',
  'hardened-dns-node-cache:1.26.8-build20260819',
  'hardened-k8s-metrics-server:v0.9.0-build20260819',
  'hardened-addon-resizer:1.8.23-build20260819',
  'klipper-helm:v0.11.1-build20260801',
  'klipper-lb:v0.4.16',
  'mirrored-pause:3.10.1',
  'rke2-security-responder:v0.1.4',
  'hardened-snapshot-controller:v8.6.0-build20260819',
];

const INGRESS_NGINX = [
  'kube-webhook-certgen:v1.14.5-hardened2',
  'nginx-ingress-controller:v1.14.5-hardened2',
];
const TRAEFIK = ['hardened-traefik:v3.7.11-build20260819'];

const FIXED: Readonly<Record<Exclude<Bundle, 'core' | 'ingress-nginx' | 'traefik'>, readonly string[]>> = {
  canal: ['hardened-calico:v3.32.1-build20260819', 'hardened-flannel:v0.28.9-build20260819'],
  calico: [
    'mirrored-calico-operator:v1.42.3',
    'mirrored-calico-kube-controllers:v3.32.1',
    'mirrored-calico-typha:v3.32.1',
    'mirrored-calico-node:v3.32.1',
    'mirrored-calico-cni:v3.32.1',
  ],
  cilium: [
    'mirrored-cilium-cilium:v1.19.6',
    'mirrored-cilium-operator-generic:v1.19.6',
    'hardened-cni-plugins:v1.9.1-build20260717',
  ],
  flannel: ['hardened-flannel:v0.28.9-build20260819', 'hardened-cni-plugins:v1.9.1-build20260819'],
  multus: ['hardened-multus-cni:v4.3.0-build20260722', 'hardened-whereabouts:v0.9.4-build20260721'],
  harvester: ['harvester-cloud-provider:v0.2.8', 'harvester-csi-driver:v0.2.9'],
  vsphere: [
    'mirrored-cloud-provider-vsphere:v1.36.0',
    'mirrored-cloud-provider-vsphere-csi-release-driver:v3.7.2',
  ],
};

/** The minor of `v1.35.7+rke2r1`: 35. */
export function minorOf(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}

/**
 * The bundles a release of this version has. From v1.36 on Traefik is part of core and ingress-nginx a bundle of its
 * own; before, it is the other way round.
 */
export function bundlesOf(version: string, arch: 'amd64' | 'arm64'): readonly Bundle[] {
  const ingress: Bundle = minorOf(version) >= 36 ? 'ingress-nginx' : 'traefik';
  const bundles: readonly Bundle[] = [
    'core',
    'canal',
    'calico',
    'cilium',
    'flannel',
    'multus',
    ingress,
    'harvester',
  ];
  return arch === 'amd64' ? [...bundles, 'vsphere'] : bundles;
}

/** The images of a bundle with their registry, as the release's `.txt` lists them. */
export function imagesOf(bundle: Bundle, version: string): readonly string[] {
  return shortImages(bundle, version).map((image) => `docker.io/rancher/${image}`);
}

function shortImages(bundle: Bundle, version: string): readonly string[] {
  if (bundle === 'ingress-nginx') return INGRESS_NGINX;
  if (bundle === 'traefik') return TRAEFIK;
  if (bundle !== 'core') return FIXED[bundle];
  const tag = version.replace('+', '-');
  const kubernetes = version.split('+')[0] ?? version;
  return [
    `rke2-runtime:${tag}`,
    `hardened-kubernetes:${tag}-build20260819`,
    `hardened-etcd:v3.6.14-k3s1-build20260819`,
    `rke2-cloud-provider:${kubernetes}-build20260819`,
    ...CORE,
    ...(minorOf(version) >= 36 ? TRAEFIK : INGRESS_NGINX),
  ];
}
