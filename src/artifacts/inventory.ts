import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Rke2ctlError } from '../domain/errors.ts';
import { sha256 } from '../lib/hash.ts';
import { versionOfImageList } from '../rke2/image-list.ts';
import { artifactUnreadable, directoryUnusable } from './artifact-errors.ts';
import { parseChecksumFile } from './checksum-file.ts';
import type { FileCache } from './file-cache.ts';
import type { ReleaseFile } from './release-file.ts';
import { findTarballVersion } from './tarball-version.ts';
import { verifyArtifacts } from './verify-artifacts.ts';

/** What a directory holds for one architecture (`amd64`, `arm64`). */
interface ArchInventory {
  readonly arch: string;
  /** `v1.35.7+rke2r1`; null when nothing there tells. */
  readonly version: string | null;
  /** `sha256sum-<arch>.txt`; null when it is not there. */
  readonly checksumFile: string | null;
  /** By name, the checksum file left out. */
  readonly files: Readonly<Record<string, ReleaseFile>>;
}

/** The release files in a directory, by architecture. Whether their content is right is for `verifyArtifacts`. */
export interface Inventory {
  readonly directory: string;
  readonly archs: Readonly<Record<string, ArchInventory>>;
}

/** The name of the tarball for an architecture. */
export function tarballName(arch: string): string {
  return `rke2.linux-${arch}.tar.gz`;
}

/** The name of the checksum file for an architecture. */
export function checksumFileName(arch: string): string {
  return `sha256sum-${arch}.txt`;
}

/** The names of all files of a release that concern us; the architecture is group 1, or 2 for a list of checksums. */
export const RELEASE_FILE =
  /^(?:rke2(?:-images(?:-[a-z0-9-]+)?)?\.linux-([a-z0-9]+)(?:\.(?:tar\.zst|tar\.gz|txt))?|sha256sum-([a-z0-9]+)\.txt)$/;

/**
 * Looks into a directory for the files of an RKE2 release, under the names that releases publish them by; anything else
 * there is left out. The version comes from an image list if there is one that the checksum file vouches for, else out
 * of the tarball, whose checksum is then compared first. ArtifactError when the directory cannot be used, the checksum
 * file is none, or that tarball is damaged.
 */
export async function readInventory(directory: string, cache: FileCache): Promise<Inventory> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw directoryUnusable(directory, `cannot be read: ${describe(error)}`, error);
  });
  const byArch = new Map<string, string[]>();
  for (const name of names) {
    const match = RELEASE_FILE.exec(name);
    const arch = match?.[1] ?? match?.[2];
    if (arch !== undefined) byArch.set(arch, [...(byArch.get(arch) ?? []), name]);
  }
  if (byArch.size === 0) throw directoryUnusable(directory, 'holds no file of an RKE2 release');
  const archs = await Promise.all(
    [...byArch].map(([arch, own]) => readArch(directory, arch, own.sort(), cache)),
  );
  return { directory, archs: Object.fromEntries(archs.map((entry) => [entry.arch, entry])) };
}

async function readArch(
  directory: string,
  arch: string,
  names: readonly string[],
  cache: FileCache,
): Promise<ArchInventory> {
  const checksumFile = names.includes(checksumFileName(arch)) ? checksumFileName(arch) : null;
  const sums = checksumFile === null ? {} : await readChecksums(join(directory, checksumFile));
  const files: Record<string, ReleaseFile> = {};
  for (const name of names) {
    const path = join(directory, name);
    const stats = await stat(path).catch(() => null);
    if (name === checksumFile || stats?.isFile() !== true) continue;
    files[name] = { name, path, sizeBytes: stats.size, sha256: sums[name] ?? null };
  }
  return { arch, version: await findVersion(arch, files, cache), checksumFile, files };
}

async function findVersion(
  arch: string,
  files: Readonly<Record<string, ReleaseFile>>,
  cache: FileCache,
): Promise<string | null> {
  for (const file of Object.values(files)) {
    if (!file.name.endsWith('.txt') || file.sha256 === null) continue;
    const text = await readText(file.path);
    const version = sha256(text) === file.sha256 ? versionOfImageList(text) : null;
    if (version !== null) return version;
  }
  const tarball = files[tarballName(arch)];
  // Without its checksum the cluster cannot be installed from it anyway.
  if (tarball?.sha256 === null || tarball === undefined) return null;
  await verifyArtifacts([tarball], checksumFileName(arch), { cache });
  const find = async (): Promise<string> => (await findTarballVersion(tarball.path)) ?? '';
  const version = await cache.recall(tarball.path, 'version', find).catch((error: unknown) => {
    throw error instanceof Rke2ctlError ? error : artifactUnreadable(tarball.path, error);
  });
  return version === '' ? null : version;
}

async function readChecksums(path: string): Promise<Readonly<Record<string, string>>> {
  return parseChecksumFile(await readText(path), path);
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw artifactUnreadable(path, error);
  });
}

function describe(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'there is no such directory';
  if (code === 'ENOTDIR') return 'it is not a directory';
  if (code === 'EACCES') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}
