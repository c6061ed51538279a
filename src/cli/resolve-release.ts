import { homedir } from 'node:os';
import { join } from 'node:path';
import { artifactsMissing } from '../artifacts/artifact-errors.ts';
import { cacheFolder, openFileCache } from '../artifacts/file-cache.ts';
import { checksumFileName, type Inventory, readInventory } from '../artifacts/inventory.ts';
import { proxyForUrl } from '../artifacts/proxy-for-url.ts';
import type { ReleaseFile } from '../artifacts/release-file.ts';
import { resolveChannel } from '../artifacts/resolve-channel.ts';
import type { Selection } from '../artifacts/select-artifacts.ts';
import { openTextCache } from '../artifacts/text-cache.ts';
import { readUrlInventory, type UrlRelease, withSizes } from '../artifacts/url-inventory.ts';
import { openUrlMemory } from '../artifacts/url-memory.ts';
import { urlOrigins } from '../artifacts/url-origins.ts';
import { verifyArtifacts } from '../artifacts/verify-artifacts.ts';
import type { Cluster, NodeKey, RemoteArtifacts } from '../domain/cluster.ts';
import type { ArtifactRef } from '../domain/marker.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import type { ArtifactSource, FileOrigin } from '../host/run-receive.ts';
import type { SelectedArtifacts } from '../render/desired-node.ts';
import { artifactBase } from '../rke2/artifact-url.ts';
import { chooseFiles, type FileChoice, hostArchs } from './choose-files.ts';
import { diskNeed } from './disk-need.ts';

/** The version that this run is about, and the files it comes from. */
export interface Release {
  readonly version: string;
  /** By architecture; empty where hosts download what they need. */
  readonly artifacts: Readonly<Record<string, SelectedArtifacts>>;
  /** What the artifacts were built for; null when the hosts download. */
  readonly architectures: readonly string[] | null;
  /** Bytes that would be put on each host, by directory; hosts that have all are left out. */
  readonly requiredDiskBytes: Readonly<Record<NodeKey, Readonly<Record<string, number>>>>;
  /** Where a release file lies on this machine, and where hosts fetch it if they can. */
  readonly artifact: (name: string) => ArtifactSource;
  /** A small file at the URL that hosts fetch from, to try whether they can; absent where they are sent. */
  readonly sample?: Pick<FileOrigin, 'url' | 'request'>;
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
  return install.remote === null
    ? fromDirectory(input, install.artifacts)
    : fromUrl(input, install.artifacts, install.remote);
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
    artifact: (name) => ({ source: name }),
    verify: () => Promise.resolve(),
  };
}

async function fromDirectory(input: ReleaseInput, directory: string): Promise<Release> {
  const cache = openFileCache(cacheFolder(process.env, homedir()));
  const inventory = await readInventory(directory, cache);
  const { version, selections } = chooseFiles(input, inventory);
  refuseMissing(directory, selections, version);
  return {
    ...releaseOf(input, inventory, { version, selections }),
    verify: async (signal) => {
      for (const [arch, selection] of selections) {
        const checksums = inventory.archs[arch]?.checksumFile ?? `sha256sum-${arch}.txt`;
        await verifyArtifacts(filesOf(selection), checksums, { cache, signal });
      }
    },
  };
}

/** Every file is verified where it arrives, so nothing is left for `verify`. */
async function fromUrl(input: ReleaseInput, url: string, remote: RemoteArtifacts): Promise<Release> {
  const { cluster, observed } = input;
  const base = artifactBase(url, cluster.version);
  const release = openUrlRelease(base, remote, input.signal);
  const inventory = await readUrlInventory(release, hostArchs(cluster, observed));
  const { version, selections } = await chooseSized(input, release, inventory);
  refuseMissing(base, selections, version);
  const origins = urlOrigins(release, proxyForUrl(base, cluster.environment));
  const plain = releaseOf(input, inventory, { version, selections }, base);
  const files = filesByName(selections);
  return {
    ...plain,
    sample: origins(listOf(inventory)),
    artifact: (name) => {
      const file = files.get(name);
      return file === undefined ? { source: name } : { source: file.path, origin: origins(file) };
    },
    verify: () => Promise.resolve(),
  };
}

/** The list of checksums itself, which every host could be given. */
function listOf({ archs }: Inventory): ReleaseFile {
  const [arch = 'amd64'] = Object.keys(archs);
  return { name: checksumFileName(arch), path: '', sizeBytes: 0, sha256: null };
}

function openUrlRelease(
  base: string,
  { login, query, checksums }: RemoteArtifacts,
  signal: AbortSignal,
): UrlRelease {
  const folder = cacheFolder(process.env, homedir());
  return {
    access: { base, login, query },
    pins: checksums,
    folder: join(folder, 'releases'),
    texts: openTextCache(join(folder, 'release-lists')),
    memory: openUrlMemory(folder),
    signal,
    env: process.env,
  };
}

/** Lists name what a release has; a mirror may have less of it, so what is chosen and not there is chosen otherwise. */
async function chooseSized(
  input: ReleaseInput,
  release: UrlRelease,
  inventory: Inventory,
): Promise<FileChoice> {
  const choice = chooseFiles(input, inventory);
  const wanted = [...filesByName(choice.selections).values()];
  const sized = await withSizes(release, wanted);
  const there = new Map(sized.flatMap((file) => (file === null ? [] : [[file.name, file] as const])));
  const gone = wanted.filter(({ name }) => !there.has(name));
  if (gone.length > 0) return chooseSized(input, release, withoutFiles(inventory, gone));
  const toSized = (file: ReleaseFile): ReleaseFile => there.get(file.name) ?? file;
  const selections = [...choice.selections].map(([arch, selection]): [string, Selection] => [
    arch,
    {
      ...selection,
      tarball: selection.tarball && toSized(selection.tarball),
      images: selection.images.map(toSized),
    },
  ]);
  return { ...choice, selections: new Map(selections) };
}

function withoutFiles(inventory: Inventory, gone: readonly ReleaseFile[]): Inventory {
  const names = new Set(gone.map(({ name }) => name));
  const archs = Object.entries(inventory.archs).map(([arch, entry]) => [
    arch,
    {
      ...entry,
      files: Object.fromEntries(Object.entries(entry.files).filter(([name]) => !names.has(name))),
    },
  ]);
  return { ...inventory, archs: Object.fromEntries(archs) };
}

function refuseMissing(place: string, selections: FileChoice['selections'], version: string): void {
  const missing = [...selections.values()].flatMap((selection) => selection.missing);
  if (missing.length > 0) throw artifactsMissing(place, missing, version);
}

function releaseOf(
  { cluster, observed }: ReleaseInput,
  inventory: Inventory,
  { version, selections }: FileChoice,
  from?: string,
): Omit<Release, 'verify'> {
  const artifacts = Object.fromEntries(
    [...selections].map(([arch, selection]) => [arch, toArtifacts(selection, from)]),
  );
  const files = filesByName(selections);
  return {
    version,
    artifacts,
    architectures: Object.keys(inventory.archs),
    requiredDiskBytes: diskNeed(cluster, observed, artifacts),
    artifact: (name) => ({ source: files.get(name)?.path ?? name }),
  };
}

function filesByName(selections: FileChoice['selections']): ReadonlyMap<string, ReleaseFile> {
  return new Map([...selections.values()].flatMap(filesOf).map((file) => [file.name, file]));
}

function filesOf({ tarball, images }: Selection): readonly ReleaseFile[] {
  return tarball === null ? images : [tarball, ...images];
}

/** Until `verify` has compared them, the checksum file's word stands for what a file is. */
function toArtifacts({ tarball, images }: Selection, from?: string): SelectedArtifacts {
  const toRef = ({ name, sha256, sizeBytes }: ReleaseFile): ArtifactRef => ({
    name,
    sha256: sha256 ?? '',
    sizeBytes,
  });
  return {
    tarball: tarball === null ? null : toRef(tarball),
    images: images.map(toRef),
    ...(from === undefined ? {} : { from }),
  };
}
