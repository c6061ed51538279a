import type { Filesystem } from '../../domain/observed.ts';

interface Usage {
  readonly mountPoint: string;
  readonly availableBytes: number;
}

interface Mount {
  readonly type: string;
  readonly options: readonly string[];
}

/** The paths asked about, the lines of `df -kP` for them (or their nearest parents) in the same order, and those of /proc/mounts. */
export function parseFilesystems(
  asked: readonly string[],
  df: readonly string[],
  mounts: readonly string[],
): Filesystem[] {
  const usages = readUsages(df);
  const known = readMounts(mounts, usages);
  const filesystems: Filesystem[] = [];
  asked.forEach((path, index) => {
    const usage = usages.length === asked.length ? usages[index] : nearest(path, usages);
    if (usage === undefined) return;
    const mount = known.get(usage.mountPoint);
    filesystems.push({
      path,
      mountPoint: usage.mountPoint,
      type: mount?.type ?? 'unknown',
      availableBytes: usage.availableBytes,
      readOnly: mount?.options.includes('ro') ?? false,
      noexec: mount?.options.includes('noexec') ?? false,
    });
  });
  return filesystems;
}

function readUsages(lines: readonly string[]): Usage[] {
  const usages: Usage[] = [];
  let before = '';
  let usage: Usage | null = null;
  for (const line of lines) {
    // Of the paths asked about most lie on the same file system, whose line is said again.
    if (line !== before) usage = readUsage(line);
    before = line;
    if (usage !== null) usages.push(usage);
  }
  return usages;
}

function readUsage(line: string): Usage | null {
  const found = /\s(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+(\/.*)$/.exec(line);
  if (found === null) return null;
  return { mountPoint: found[4] ?? '/', availableBytes: Math.max(0, Number(found[3])) * 1024 };
}

/** By mount point; the last of several counts, as it lies over the others. */
function readMounts(lines: readonly string[], usages: readonly Usage[]): ReadonlyMap<string, Mount> {
  const wanted = new Set(usages.map(({ mountPoint }) => mountPoint));
  const mounts = new Map<string, Mount>();
  for (const line of lines) {
    const start = line.indexOf(' ') + 1;
    const mountPoint = unescapePath(line.slice(start, line.indexOf(' ', start)));
    if (!wanted.has(mountPoint)) continue;
    const fields = line.split(' ', 4);
    mounts.set(mountPoint, { type: fields[2] ?? 'unknown', options: (fields[3] ?? '').split(',') });
  }
  return mounts;
}

/** As the kernel writes blanks in paths: `\040`. */
function unescapePath(path: string): string {
  if (!path.includes('\\')) return path;
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function nearest(path: string, usages: readonly Usage[]): Usage | undefined {
  return usages
    .filter(
      ({ mountPoint }) => mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`),
    )
    .sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
}
