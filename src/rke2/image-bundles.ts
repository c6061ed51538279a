import type { Cni } from '../domain/cluster.ts';
import type { Rke2Version } from './version.ts';

/** Part of a bundle's file name: `rke2-images-<name>.linux-<arch>.tar.zst`. */
export type BundleName =
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

/** What the bundle without a name of its own, `rke2-images.linux-<arch>`, holds: it stands for these two. */
export const MAIN_BUNDLE_HOLDS: readonly BundleName[] = ['core', 'canal'];

/** Compressions of bundles, the preferred one first. */
export const BUNDLE_EXTENSIONS = ['tar.zst', 'tar.gz'] as const;

/** What a cluster runs, as far as images are concerned. */
export interface ImageChoice {
  readonly version: Rke2Version;
  readonly cni: readonly Cni[];
  /** `ingress-controller` of config.yaml; null = the release's own default, `['none']` = no ingress. */
  readonly ingress: readonly string[] | null;
  /** `cloud-provider-name`; null = RKE2's own. */
  readonly cloudProvider?: string | null;
}

/** The bundles that every node needs to start without a registry: core, the CNI's, and what core does not hold. */
export function requiredBundles(choice: ImageChoice): readonly BundleName[] {
  const bundles: BundleName[] = ['core'];
  for (const cni of choice.cni) {
    if (cni !== 'none') bundles.push(cni);
  }
  const inCore = coreIngress(choice.version);
  for (const ingress of ['ingress-nginx', 'traefik'] as const) {
    if (ingress !== inCore && choice.ingress?.includes(ingress)) bundles.push(ingress);
  }
  if (choice.cloudProvider === 'harvester') bundles.push('harvester');
  if (choice.cloudProvider === 'rancher-vsphere') bundles.push('vsphere');
  return bundles;
}

/** The ingress controller whose images are part of core, which is also the default: Traefik from v1.36 on. */
export function coreIngress(version: Rke2Version): 'ingress-nginx' | 'traefik' {
  return version.major > 1 || version.minor >= 36 ? 'traefik' : 'ingress-nginx';
}

/** The names under which a bundle may lie in an artifact directory, the preferred one first. */
export function bundleFileNames(bundle: BundleName, arch: string): readonly string[] {
  return BUNDLE_EXTENSIONS.map((extension) => `rke2-images-${bundle}.linux-${arch}.${extension}`);
}

/** The names of the bundle that holds core and Canal in one, the preferred one first. */
export function mainBundleFileNames(arch: string): readonly string[] {
  return BUNDLE_EXTENSIONS.map((extension) => `rke2-images.linux-${arch}.${extension}`);
}
