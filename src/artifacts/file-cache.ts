import { mkdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { artifactChanging } from './artifact-errors.ts';

/** What takes long to find out about a file and holds as long as the file stays the same. */
type FileFact = 'sha256' | 'version';

/** Facts about files, remembered from run to run, so that a run with nothing to do need not read gigabytes. */
export interface FileCache {
  /**
   * The fact as remembered for exactly this file (same path, inode, size and times), else as `find` finds it. Rejects
   * as `find` does, and with ArtifactError when the file changes meanwhile. A cache that cannot be written only costs time.
   */
  recall(path: string, fact: FileFact, find: () => Promise<string>): Promise<string>;
}

const EntrySchema = z.object({
  stamp: z.string(),
  foundAt: z.number(),
  facts: z.partialRecord(z.enum(['sha256', 'version']), z.string()),
});
const CacheSchema = z.object({ schemaVersion: z.literal(1), files: z.record(z.string(), EntrySchema) });
type Entry = z.output<typeof EntrySchema>;
type Entries = z.output<typeof CacheSchema>['files'];

/** The oldest are forgotten beyond this. */
const KEPT = 500;
/** A file so young could be written again within the same tick of its clock, and would look the same. */
const YOUNG_MS = 2_000;

/** Where the cache lies: below XDG_CACHE_HOME, else `~/.cache`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(home, '.cache') : base, 'rke2ctl');
}

/** The cache in `folder` (see `cacheFolder`), which comes with the first fact. Damaged or foreign content counts as none. */
export function openFileCache(folder: string, now: () => number = Date.now): FileCache {
  const file = join(folder, 'artifacts.json');
  let saving: Promise<void> = Promise.resolve();
  const remember = (path: string, stamp: string, fact: FileFact, value: string): Promise<void> => {
    saving = saving
      .then(() => save(folder, file, path, { stamp, foundAt: now(), facts: { [fact]: value } }))
      .catch(() => {});
    return saving;
  };
  return {
    async recall(path, fact, find) {
      const before = await readStamp(path);
      const entry = (await load(file))[path];
      const known = entry?.stamp === before.stamp ? entry.facts[fact] : undefined;
      if (known !== undefined) return known;
      const value = await find();
      if ((await readStamp(path)).stamp !== before.stamp) throw artifactChanging(path);
      if (now() - before.changedMs > YOUNG_MS) await remember(path, before.stamp, fact, value);
      return value;
    },
  };
}

/** The change time counts as well: unlike the modification time it cannot be set back by a copying program. */
async function readStamp(path: string): Promise<{ readonly stamp: string; readonly changedMs: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true });
  return { stamp: [dev, ino, size, mtimeNs, ctimeNs].join(' '), changedMs: Number(ctimeMs) };
}

async function load(file: string): Promise<Entries> {
  try {
    return CacheSchema.parse(JSON.parse(await readFile(file, 'utf8'))).files;
  } catch {
    return {};
  }
}

async function save(folder: string, file: string, path: string, entry: Entry): Promise<void> {
  const entries = await load(file);
  const known = entries[path];
  const facts = known?.stamp === entry.stamp ? { ...known.facts, ...entry.facts } : entry.facts;
  const all = { ...entries, [path]: { ...entry, facts } };
  const kept = Object.entries(all)
    .sort(([, a], [, b]) => b.foundAt - a.foundAt)
    .slice(0, KEPT);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const text = JSON.stringify({ schemaVersion: 1, files: Object.fromEntries(kept) });
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
