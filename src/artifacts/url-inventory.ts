import { join } from 'node:path';
import { Rke2ctlError } from '../domain/errors.ts';
import { sha256 } from '../lib/hash.ts';
import { artifactFileUrl } from '../rke2/artifact-url.ts';
import { versionOfImageList } from '../rke2/image-list.ts';
import { askReleaseSize, fetchReleaseText } from './ask-url.ts';
import { parseChecksumFile } from './checksum-file.ts';
import { checksumFileName, type Inventory, RELEASE_FILE } from './inventory.ts';
import type { ReleaseFile } from './release-file.ts';
import type { TextCache } from './text-cache.ts';
import type { UrlAccess } from './url-access.ts';
import { listChanged, listNotPinned } from './url-errors.ts';
import type { UrlMemory } from './url-memory.ts';

export interface UrlRelease {
  readonly access: UrlAccess;
  /** SHA-256 that the list of an architecture must have, by architecture. */
  readonly pins: Readonly<Record<string, string>>;
  /** Where files lie on this machine that it has to fetch itself. */
  readonly folder: string;
  readonly texts: TextCache;
  readonly memory: UrlMemory;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * What a release's URL should have for these architectures, by its lists of checksums: those are the root of all trust, so
 * one comes from a pin, or by HTTPS. Sizes are not known yet (see `withSizes`). ArtifactError when a list cannot be had, is
 * not the pinned one, or is none; an architecture without a list is left out.
 */
export async function readUrlInventory(release: UrlRelease, archs: readonly string[]): Promise<Inventory> {
  const entries = await Promise.all(archs.map((arch) => readArch(release, arch)));
  return {
    directory: release.access.base,
    archs: Object.fromEntries(entries.flatMap((entry) => (entry === null ? [] : [[entry.arch, entry]]))),
  };
}

async function readArch(release: UrlRelease, arch: string): Promise<Inventory['archs'][string] | null> {
  const list = await readList(release, arch);
  if (list === null) return null;
  const sums = parseChecksumFile(list, artifactFileUrl(release.access.base, checksumFileName(arch)));
  const files = Object.fromEntries(
    Object.entries(sums)
      .filter(([name]) => RELEASE_FILE.exec(name)?.[1] === arch)
      .map(([name, hash]): [string, ReleaseFile] => [
        name,
        { name, path: join(release.folder, hash), sizeBytes: 0, sha256: hash },
      ]),
  );
  return {
    arch,
    version: await findVersion(release, arch, sums),
    checksumFile: checksumFileName(arch),
    files,
  };
}

/** A pinned list that was here before needs no network; where there is none, what came last from the same URL still holds. */
async function readList(release: UrlRelease, arch: string): Promise<string | null> {
  const { access, pins, texts, memory } = release;
  const name = checksumFileName(arch);
  const url = artifactFileUrl(access.base, name);
  const pin = pins[arch] ?? null;
  if (pin === null && !url.startsWith('https:')) throw listNotPinned(url, arch);
  const kept = pin === null ? null : await texts.read(pin);
  if (kept !== null) return kept;
  const list = await fetchReleaseText({ ...release, name }).catch(async (error: unknown) => {
    const last = pin === null ? await memory.list(url) : null;
    const known = last === null ? null : await texts.read(last);
    if (known === null || !(error instanceof Rke2ctlError) || error.code !== 'artifacts-unreachable')
      throw error;
    return known;
  });
  if (list === null) return null;
  const found = sha256(list);
  if (pin !== null && found !== pin) throw listChanged(url, pin, found);
  await texts.write(found, list);
  if ((await memory.list(url)) !== found) await memory.keep({ lists: { [url]: found } });
  return list;
}

/** An image list that the checksums vouch for names the version. Mirrors may lack it. */
async function findVersion(
  release: UrlRelease,
  arch: string,
  sums: Readonly<Record<string, string>>,
): Promise<string | null> {
  for (const list of ['rke2-images', 'rke2-images-core', 'rke2-images-all']) {
    const name = `${list}.linux-${arch}.txt`;
    const hash = sums[name];
    if (hash === undefined) continue;
    const kept = await release.texts.read(hash);
    const text = kept ?? (await fetchReleaseText({ ...release, name }).catch(() => null));
    if (text === null || sha256(text) !== hash) continue;
    if (kept === null) await release.texts.write(hash, text);
    const version = versionOfImageList(text);
    if (version !== null) return version;
  }
  return null;
}

/** The files with their sizes, as the server has them; null stands for one that it does not have. */
export async function withSizes(
  release: UrlRelease,
  files: readonly ReleaseFile[],
): Promise<readonly (ReleaseFile | null)[]> {
  const { memory } = release;
  const learned: Record<string, number> = {};
  const sized = await Promise.all(
    files.map(async (file) => {
      const hash = file.sha256 ?? '';
      const known = await memory.size(hash);
      const sizeBytes = known ?? (await askReleaseSize({ ...release, name: file.name }));
      if (sizeBytes === null) return null;
      if (known === null) learned[hash] = sizeBytes;
      return { ...file, sizeBytes };
    }),
  );
  if (Object.keys(learned).length > 0) await memory.keep({ sizes: learned });
  return sized;
}
