import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { removeAllLeftovers, writeAtomically } from './atomic-write.ts';
import { parseStateDocument } from './state-document.ts';
import { historyFolder } from './state-paths.ts';

/** How many earlier states of this cluster are kept; as many again of clusters that this folder had before. */
const KEPT = 10;

/** One kept state. The name says which cluster and which write: `<cluster id>-<serial>.json`. */
export interface KeptState {
  readonly path: string;
  readonly clusterId: string;
  readonly serial: number;
}

/**
 * Earlier states beside the state file, each a file of its own and never a hard link: an editor that writes in place
 * would spoil both. What one run wrote counts once, by its last write; otherwise a run over many nodes would push out
 * everything from before it.
 */
export interface StateHistory {
  /** Keeps a copy of what was just written, in place of this run's copy before it. Rejects with the system's error. */
  keep(clusterId: string, serial: number, text: string): Promise<void>;
  /** The highest serial kept of this cluster; 0 when there is none. */
  highestSerial(clusterId: string): Promise<number>;
  /** What is kept of every cluster, the last written first. */
  list(): Promise<readonly (KeptState & { readonly writtenAtMs: number })[]>;
  /** The newest copy that is whole; null when there is none. */
  newestGood(): Promise<string | null>;
}

/** The history that belongs to a state file; its folder (0700) comes with the first copy. */
export function openHistory(statePath: string): StateHistory {
  const folder = historyFolder(statePath);
  let ours: string | null = null;
  return {
    async keep(clusterId, serial, text) {
      const path = join(folder, copyName(clusterId, serial));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (ours === null) await removeAllLeftovers(folder).catch(() => {});
      await writeAtomically(path, text);
      if (ours !== null && ours !== path) await unlink(ours).catch(() => {});
      ours = path;
      await prune(folder, clusterId);
    },
    async highestSerial(clusterId) {
      const own = (await listCopies(folder)).filter((copy) => copy.clusterId === clusterId);
      return Math.max(0, ...own.map((copy) => copy.serial));
    },
    async list() {
      const copies = (await listCopies(folder)).map(async (copy) => ({
        ...copy,
        writtenAtMs: (await stat(copy.path).catch(() => null))?.mtimeMs ?? 0,
      }));
      return (await Promise.all(copies)).sort((a, b) => b.writtenAtMs - a.writtenAtMs || b.serial - a.serial);
    },
    async newestGood() {
      for (const path of await newestFirst(folder)) {
        if (await isWhole(path)) return path;
      }
      return null;
    },
  };
}

function copyName(clusterId: string, serial: number): string {
  return `${clusterId}-${String(serial).padStart(6, '0')}.json`;
}

async function prune(folder: string, clusterId: string): Promise<void> {
  const copies = await listCopies(folder);
  const own = copies.filter((copy) => copy.clusterId === clusterId).sort((a, b) => b.serial - a.serial);
  const foreign = await byTime(
    copies.filter((copy) => copy.clusterId !== clusterId).map((copy) => copy.path),
  );
  const superfluous = [...own.slice(KEPT).map((copy) => copy.path), ...foreign.slice(KEPT)];
  await Promise.all(superfluous.map((path) => unlink(path).catch(() => {})));
}

async function listCopies(folder: string): Promise<readonly KeptState[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => {
    const match = /^([A-Za-z0-9-]+)-(\d{6,})\.json$/.exec(name);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    return [{ path: join(folder, name), clusterId: match[1], serial: Number(match[2]) }];
  });
}

async function newestFirst(folder: string): Promise<readonly string[]> {
  return byTime((await listCopies(folder)).map((copy) => copy.path));
}

async function byTime(paths: readonly string[]): Promise<readonly string[]> {
  const dated = await Promise.all(
    paths.map(async (path) => ({ path, time: (await stat(path).catch(() => null))?.mtimeMs ?? 0 })),
  );
  // Two writes can fall into one tick of the clock; names of one cluster sort by serial.
  dated.sort((a, b) => b.time - a.time || (a.path < b.path ? 1 : -1));
  return dated.map((entry) => entry.path);
}

async function isWhole(path: string): Promise<boolean> {
  try {
    parseStateDocument(await readFile(path, 'utf8'), path);
    return true;
  } catch {
    return false;
  }
}
