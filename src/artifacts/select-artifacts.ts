import type { Cni } from '../domain/cluster.ts';
import {
  type BundleName,
  bundleFileNames,
  MAIN_BUNDLE_HOLDS,
  mainBundleFileNames,
  requiredBundles,
} from '../rke2/image-bundles.ts';
import type { Rke2Version } from '../rke2/version.ts';
import type { MissingArtifact } from './artifact-errors.ts';
import { checksumFileName, type Inventory, tarballName } from './inventory.ts';
import type { ReleaseFile } from './release-file.ts';

/** What decides which files the hosts of one architecture get. */
export interface SelectionInput {
  readonly inventory: Inventory;
  readonly arch: string;
  readonly version: Rke2Version;
  readonly cni: readonly Cni[];
  /** `ingress-controller` of config.yaml; null = the release's own default. */
  readonly ingress: readonly string[] | null;
  readonly cloudProvider: string | null;
  /** A registry of cluster.yml is the default for RKE2's own images: then no bundle is needed, and none is taken. */
  readonly registrySupplies: boolean;
}

/** The files to send, and what is missing for that. `tarball` is null only when it is among the missing. */
export interface Selection {
  readonly tarball: ReleaseFile | null;
  readonly images: readonly ReleaseFile[];
  readonly missing: readonly MissingArtifact[];
}

interface Choice {
  readonly found: readonly ReleaseFile[];
  readonly missing: readonly MissingArtifact[];
}

/**
 * Picks tarball and image bundles out of an inventory. Of two compressions zstd is taken; core and Canal come from the
 * one bundle that holds both if the cluster runs Canal, else core comes alone where it can, so that nothing of Canal
 * lands on a host that runs another CNI. Pure: contents are compared by `verifyArtifacts`.
 */
export function selectArtifacts(input: SelectionInput): Selection {
  const { inventory, arch } = input;
  const files = inventory.archs[arch]?.files ?? {};
  const tarball = files[tarballName(arch)] ?? null;
  const missing: MissingArtifact[] = [];
  if (tarball === null) missing.push(plain(tarballName(arch), `RKE2 itself for ${arch}`));
  if ((inventory.archs[arch]?.checksumFile ?? null) === null) {
    missing.push(plain(checksumFileName(arch), 'the checksums of all other files'));
  }
  if (input.registrySupplies) return { tarball, images: [], missing };
  const bundles = chooseBundles(requiredBundles(input), arch, files);
  return { tarball, images: bundles.found, missing: [...missing, ...bundles.missing] };
}

function chooseBundles(
  required: readonly BundleName[],
  arch: string,
  files: Readonly<Record<string, ReleaseFile>>,
): Choice {
  const split = combine(required.map((bundle) => findSplit(bundle, arch, files)));
  const rest = required.filter((bundle) => !MAIN_BUNDLE_HOLDS.includes(bundle));
  const main = combine([findMain(arch, files), ...rest.map((bundle) => findSplit(bundle, arch, files))]);
  const [preferred, other] = required.includes('canal') ? [main, split] : [split, main];
  // Whichever is whole; if none is, the one that is nearer to it.
  return other.missing.length < preferred.missing.length ? other : preferred;
}

function findMain(arch: string, files: Readonly<Record<string, ReleaseFile>>): Choice {
  const split = MAIN_BUNDLE_HOLDS.map((bundle) => bundleFileNames(bundle, arch)[0]);
  return findOne(mainBundleFileNames(arch), 'the images of RKE2 and Canal', [split.join(' and ')], files);
}

function findSplit(bundle: BundleName, arch: string, files: Readonly<Record<string, ReleaseFile>>): Choice {
  const isInMain = MAIN_BUNDLE_HOLDS.includes(bundle);
  return findOne(
    bundleFileNames(bundle, arch),
    purposeOf(bundle),
    isInMain ? mainBundleFileNames(arch) : [],
    files,
  );
}

function findOne(
  names: readonly string[],
  purpose: string,
  alternatives: readonly string[],
  files: Readonly<Record<string, ReleaseFile>>,
): Choice {
  const file = names.map((name) => files[name]).find((candidate) => candidate !== undefined);
  if (file !== undefined) return { found: [file], missing: [] };
  const [name = '', ...others] = names;
  return { found: [], missing: [{ name, purpose, alternatives: [...others, ...alternatives] }] };
}

function combine(choices: readonly Choice[]): Choice {
  return {
    found: choices.flatMap((choice) => choice.found),
    missing: choices.flatMap((choice) => choice.missing),
  };
}

function purposeOf(bundle: BundleName): string {
  switch (bundle) {
    case 'core':
      return 'the images of RKE2 itself';
    case 'ingress-nginx':
    case 'traefik':
      return `the images of the ingress controller ${bundle}`;
    case 'harvester':
    case 'vsphere':
      return `the images of the cloud provider ${bundle}`;
    default:
      return `the images of the CNI ${bundle}`;
  }
}

function plain(name: string, purpose: string): MissingArtifact {
  return { name, purpose, alternatives: [] };
}
