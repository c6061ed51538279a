import { homedir } from 'node:os';
import { cacheFolder, openFileCache } from '../../artifacts/file-cache.ts';
import { chooseImageLists, readImageList } from '../../artifacts/image-lists.ts';
import { checksumFileName, type Inventory, readInventory } from '../../artifacts/inventory.ts';
import { verifyArtifacts } from '../../artifacts/verify-artifacts.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { type BundleName, requiredBundles } from '../../rke2/image-bundles.ts';
import { releaseFileUrl } from '../../rke2/install-script.ts';
import { parseVersion } from '../../rke2/version.ts';

/** Which images a cluster runs on. */
export interface ImageReport {
  readonly version: string;
  readonly architectures: readonly string[];
  /** The release's bundles that hold them: `core`, `canal`, … */
  readonly bundles: readonly BundleName[];
  /** With registry and tag; null when lists of the release are missing. */
  readonly images: readonly string[] | null;
  /** Lists that are not in `install.artifacts`, and where the release has them. */
  readonly missing: readonly { readonly name: string; readonly url: string }[];
}

/** Works it out from the file and from the lists in `install.artifacts`. `arch` null: whatever architectures are there. */
export async function reportImages(
  cluster: Cluster,
  version: string,
  arch: string | null,
): Promise<ImageReport> {
  const parsed = parseVersion(version);
  if (parsed === null) throw new Error(`${version} is no RKE2 version`);
  const provider = cluster.rke2.server['cloud-provider-name'];
  const bundles = requiredBundles({
    version: parsed,
    cni: cluster.network.cni,
    ingress: cluster.ingress,
    cloudProvider: provider === undefined ? null : String(provider),
  });
  const inventory = await openArtifacts(cluster);
  const there = Object.keys(inventory?.archs ?? {});
  const architectures = arch === null ? (there.length === 0 ? ['amd64'] : there) : [arch];
  const lists = await Promise.all(architectures.map((each) => readLists(bundles, each, inventory)));
  const missing = lists.flatMap((each) => each.missing);
  return {
    version,
    architectures,
    bundles,
    images:
      missing.length > 0
        ? null
        : [...new Set([...lists.flatMap(({ images }) => images), ...ownImages(cluster)])],
    missing: missing.map((name) => ({ name, url: releaseFileUrl(cluster.install.mirror, version, name) })),
  };
}

async function openArtifacts({ install }: Cluster): Promise<Inventory | null> {
  const { artifacts } = install;
  if (artifacts === null || artifacts.includes('://')) return null;
  return readInventory(artifacts, openCache());
}

async function readLists(bundles: readonly BundleName[], arch: string, inventory: Inventory | null) {
  const { found, missing } = chooseImageLists(bundles, arch, inventory?.archs[arch]?.files ?? {});
  await verifyArtifacts(found, checksumFileName(arch), { cache: openCache() });
  return { missing, images: (await Promise.all(found.map(readImageList))).flat() };
}

function openCache() {
  return openFileCache(cacheFolder(process.env, homedir()));
}

/** Images that the file itself names in RKE2's config.yaml: `etcd-image`, `pause-image`, … */
function ownImages({ rke2 }: Cluster): readonly string[] {
  const settings = [...Object.entries(rke2.server), ...Object.entries(rke2.agent)];
  return settings.flatMap(([key, value]) =>
    key.endsWith('-image') && typeof value === 'string' ? [value] : [],
  );
}
