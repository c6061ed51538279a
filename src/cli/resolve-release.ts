import { homedir } from 'node:os';
import { artifactsMissing, releaseUnknown, wrongRelease } from '../artifacts/artifact-errors.ts';
import { cacheFolder, openFileCache } from '../artifacts/file-cache.ts';
import { type Inventory, readInventory, tarballName } from '../artifacts/inventory.ts';
import type { ReleaseFile } from '../artifacts/release-file.ts';
import { resolveChannel } from '../artifacts/resolve-channel.ts';
import { type Selection, selectArtifacts } from '../artifacts/select-artifacts.ts';
import { verifyArtifacts } from '../artifacts/verify-artifacts.ts';
import type { Cluster, NodeKey } from '../domain/cluster.ts';
import { ArtifactError, type Rke2ctlError } from '../domain/errors.ts';
import type { ArtifactRef } from '../domain/marker.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { factsOf, installPrefix, type SelectedArtifacts } from '../render/desired-node.ts';
import { requiredDisk } from '../rke2/requirements.ts';
import { parseVersion } from '../rke2/version.ts';

/** The version that this run is about, and the files it comes from. */
export interface Release {
  readonly version: string;
  /** By architecture; empty where hosts download what they need. */
  readonly artifacts: Readonly<Record<string, SelectedArtifacts>>;
  /** What the artifacts were built for; null when the hosts download. */
  readonly architectures: readonly string[] | null;
  /** Bytes that would be put on each host, by directory; hosts that have all are left out. */
  readonly requiredDiskBytes: Readonly<Record<NodeKey, Readonly<Record<string, number>>>>;
  /** Where a release file lies on this machine. */
  readonly path: (name: string) => string;
  /** Holds the files against their checksums; throws ArtifactError that names every bad one. */
  readonly verify: (signal: AbortSignal) => Promise<void>;
}

export interface ReleaseInput {
  readonly cluster: Cluster;
  readonly state: State;
  readonly observed: Observed;
  readonly signal: AbortSignal;
}

const CHANNEL_TIMEOUT_MS = 30_000;

/**
 * Settles the version (file, else state, else artifacts or channel, once) and chooses the files for the hosts'
 * architectures. Throws ArtifactError when files are missing or belong to another release.
 */
export async function resolveRelease(input: ReleaseInput): Promise<Release> {
  const { install } = input.cluster;
  if (install.method === 'script' || install.artifacts === null) return downloaded(input);
  if (/^[a-z]+:\/\//.test(install.artifacts)) throw urlNotYet(install.artifacts);
  return fromDirectory(input, install.artifacts);
}

async function downloaded({ cluster, state, signal }: ReleaseInput): Promise<Release> {
  const { channel, mirror } = cluster.install;
  const version =
    cluster.version ??
    state.version ??
    (await resolveChannel({ channel, mirror, timeoutMs: CHANNEL_TIMEOUT_MS, signal, env: process.env }));
  return {
    version,
    artifacts: {},
    architectures: null,
    requiredDiskBytes: {},
    path: (name) => name,
    verify: () => Promise.resolve(),
  };
}

async function fromDirectory(
  { cluster, state, observed }: ReleaseInput,
  directory: string,
): Promise<Release> {
  const cache = openFileCache(cacheFolder(process.env, homedir()));
  const inventory = await readInventory(directory, cache);
  const archs = hostArchs(cluster, observed, inventory);
  const version = chooseVersion(cluster, state, inventory, archs);
  const selections = new Map(archs.map((arch) => [arch, select(cluster, inventory, arch, version)]));
  const missing = [...selections.values()].flatMap((selection) => selection.missing);
  if (missing.length > 0) throw artifactsMissing(directory, missing, version);
  const artifacts = Object.fromEntries(
    [...selections].map(([arch, selection]) => [arch, toArtifacts(selection)]),
  );
  const files = new Map(
    [...selections.values()].flatMap((selection) =>
      filesOf(selection).map((file) => [file.name, file] as const),
    ),
  );
  return {
    version,
    artifacts,
    architectures: Object.keys(inventory.archs),
    requiredDiskBytes: diskBytes(cluster, observed, artifacts),
    path: (name) => files.get(name)?.path ?? name,
    verify: async (signal) => {
      for (const [arch, selection] of selections) {
        const checksums = inventory.archs[arch]?.checksumFile ?? `sha256sum-${arch}.txt`;
        await verifyArtifacts(filesOf(selection), checksums, { cache, signal });
      }
    },
  };
}

/** The architectures of the hosts that the directory has something for; the others are for the checks to complain of. */
function hostArchs(cluster: Cluster, observed: Observed, inventory: Inventory): readonly string[] {
  const asked = cluster.nodes.flatMap((node) => factsOf(observed, node.key)?.arch ?? []);
  return [...new Set(asked)].filter((arch) => inventory.archs[arch] !== undefined);
}

function chooseVersion(
  cluster: Cluster,
  state: State,
  inventory: Inventory,
  archs: readonly string[],
): string {
  const found = archs.flatMap((arch) => inventory.archs[arch]?.version ?? []);
  const wanted = cluster.version ?? state.version ?? found[0] ?? null;
  if (wanted === null) throw releaseUnknown(inventory.directory);
  const other = found.find((version) => version !== wanted);
  if (other !== undefined) throw wrongRelease(inventory.directory, other, wanted);
  return wanted;
}

function select(cluster: Cluster, inventory: Inventory, arch: string, version: string): Selection {
  const parsed = parseVersion(version);
  if (parsed === null) throw new Error(`${version} is no RKE2 version`);
  const provider = cluster.rke2.server['cloud-provider-name'];
  return selectArtifacts({
    inventory,
    arch,
    version: parsed,
    cni: cluster.network.cni,
    ingress: cluster.ingress,
    cloudProvider: provider === undefined ? null : String(provider),
    registrySupplies: cluster.registries.systemDefault !== null,
  });
}

function filesOf({ tarball, images }: Selection): readonly ReleaseFile[] {
  return tarball === null ? images : [tarball, ...images];
}

/** Until `verify` has compared them, the checksum file's word stands for what a file is. */
function toArtifacts({ tarball, images }: Selection): SelectedArtifacts {
  const toRef = ({ name, sha256, sizeBytes }: ReleaseFile): ArtifactRef => ({
    name,
    sha256: sha256 ?? '',
    sizeBytes,
  });
  return { tarball: tarball === null ? null : toRef(tarball), images: images.map(toRef) };
}

function diskBytes(
  cluster: Cluster,
  observed: Observed,
  artifacts: Readonly<Record<string, SelectedArtifacts>>,
): Release['requiredDiskBytes'] {
  const entries = cluster.nodes.flatMap((node) => {
    const facts = factsOf(observed, node.key);
    const files = facts === null ? undefined : artifacts[facts.arch];
    if (facts === null || files === undefined) return [];
    // A bundle of the version before bears the same name, and stays on the disk until the node is healthy.
    const missing = files.images.filter(
      ({ name, sizeBytes }) =>
        !facts.rke2.images.some((image) => image.name === name && image.sizeBytes === sizeBytes),
    );
    if (missing.length === 0 && facts.rke2.binaries.length > 0) return [];
    const need = requiredDisk({
      imageBytes: missing.reduce((sum, image) => sum + image.sizeBytes, 0),
      tarballBytes: files.tarball?.sizeBytes ?? 0,
      prefix: installPrefix(cluster, facts),
      dataDir: cluster.dataDir,
    });
    return [[node.key, need] as const];
  });
  return Object.fromEntries(entries);
}

function urlNotYet(url: string): Rke2ctlError {
  return new ArtifactError({
    code: 'artifacts-url-not-yet',
    message: `install.artifacts is a URL (${url}); fetching a release from there is not supported yet.`,
    hint: `Download the release's files (${tarballName('amd64')}, its image bundles and checksums) and name their directory.`,
    exitCode: 3,
  });
}
