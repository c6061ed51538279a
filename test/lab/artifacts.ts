import { createHash } from 'node:crypto';
import { access, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from './base-tree.ts';
import { say } from './say.ts';

export const defaultVersion = 'v1.35.7+rke2r1';

const standin = fileURLToPath(new URL('../standin', import.meta.url));

/**
 * Fills `directory` with the stand-in release of `version`. It is built once per version and state of its sources; every
 * lab gets its own copy, so that a test may spoil its files.
 */
export async function provideRelease(directory: string, version: string): Promise<void> {
  if (!(await exists(`${standin}/make-release.ts`))) {
    say('there is no stand-in release in this checkout; the artifacts directory stays empty');
    await mkdir(directory, { recursive: true });
    return;
  }
  const cached = `${cacheDirectory}/release-${version}-${await hashSources(standin)}`;
  if (!(await exists(cached))) await buildRelease(cached, version);
  await cp(cached, directory, { recursive: true });
  await pruneReleases(cached);
}

async function buildRelease(cached: string, version: string): Promise<void> {
  say(`building the stand-in release ${version}`);
  const partial = `${cached}.partial-${process.pid}`;
  const { makeRelease } = await import('../standin/make-release.ts');
  await mkdir(partial, { recursive: true });
  try {
    await makeRelease({ directory: partial, version });
    await rename(partial, cached);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(cached))) throw error;
  }
}

/** Releases of sources that have changed since stay a day, for labs that are being made of them. */
async function pruneReleases(current: string): Promise<void> {
  const dayMs = 24 * 60 * 60 * 1000;
  for (const entry of await readdir(cacheDirectory)) {
    const path = `${cacheDirectory}/${entry}`;
    if (!entry.startsWith('release-') || path === current) continue;
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > dayMs) await rm(path, { recursive: true, force: true });
  }
}

async function hashSources(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'));
  for (const path of files.map((entry) => `${entry.parentPath}/${entry.name}`).sort())
    hash.update(`${path}\0`).update(await readFile(path));
  return hash.digest('hex').slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
