import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** What was learned from releases' URLs, so that a run with nothing to do asks as little as it can. */
export interface UrlMemory {
  /** SHA-256 of the list of checksums that last came from this URL. */
  readonly list: (url: string) => Promise<string | null>;
  /** Bytes of the file with this SHA-256. */
  readonly size: (hash: string) => Promise<number | null>;
  /** A memory that cannot be written only costs time. */
  readonly keep: (facts: {
    readonly lists?: Readonly<Record<string, string>>;
    readonly sizes?: Readonly<Record<string, number>>;
  }) => Promise<void>;
}

const MemorySchema = z.object({
  schemaVersion: z.literal(1),
  lists: z.record(z.string(), z.string()),
  sizes: z.record(z.string(), z.number()),
});
type Memory = z.output<typeof MemorySchema>;

/** The oldest are forgotten beyond this. */
const KEPT = 500;

/** The memory in a folder, which comes with the first fact. Damaged or foreign content counts as none. */
export function openUrlMemory(folder: string): UrlMemory {
  const file = join(folder, 'release-urls.json');
  let saving: Promise<void> = Promise.resolve();
  return {
    list: async (url) => (await load(file)).lists[url] ?? null,
    size: async (hash) => (await load(file)).sizes[hash] ?? null,
    keep: (facts) => {
      saving = saving.then(() => save(folder, file, facts)).catch(() => undefined);
      return saving;
    },
  };
}

async function load(file: string): Promise<Memory> {
  try {
    return MemorySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return { schemaVersion: 1, lists: {}, sizes: {} };
  }
}

async function save(
  folder: string,
  file: string,
  { lists = {}, sizes = {} }: Parameters<UrlMemory['keep']>[0],
): Promise<void> {
  const before = await load(file);
  const memory: Memory = {
    schemaVersion: 1,
    lists: newest({ ...before.lists, ...lists }),
    sizes: newest({ ...before.sizes, ...sizes }),
  };
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(draft, JSON.stringify(memory), { mode: 0o600 });
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

function newest<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).slice(-KEPT));
}
