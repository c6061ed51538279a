import type { Filesystem } from '../../domain/observed.ts';

interface Usage {
  readonly mountPoint: string;
  readonly availableBytes: number;
}

/** The paths asked about, the lines of `df -kP` for them (or their nearest parents) in the same order, and /proc/mounts. */
export function parseFilesystems(
  asked: readonly string[],
  df: readonly string[],
  mounts: readonly string[],
): Filesystem[] {
  const usages = df.flatMap((line) => readUsage(line));
  const wanted = new Set(usages.map(({ mountPoint }) => mountPoint));
  const options = new Map(mounts.flatMap((line) => readMount(line, wanted)));
  return asked.flatMap((path, index) => {
    const usage = usages.length === asked.length ? usages[index] : nearest(path, usages);
    if (usage === undefined) return [];
    const mount = options.get(usage.mountPoint);
    return [
      {
        path,
        mountPoint: usage.mountPoint,
        type: mount?.type ?? 'unknown',
        availableBytes: usage.availableBytes,
        readOnly: mount?.options.has('ro') ?? false,
        noexec: mount?.options.has('noexec') ?? false,
      },
    ];
  });
}

function readUsage(line: string): Usage[] {
  const found = /\s(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+(\/.*)$/.exec(line);
  if (found === null) return [];
  return [{ mountPoint: found[4] ?? '/', availableBytes: Math.max(0, Number(found[3])) * 1024 }];
}

function readMount(
  line: string,
  wanted: ReadonlySet<string>,
): [string, { type: string; options: Set<string> }][] {
  const [, mountPoint, type, options] = line.split(' ', 4);
  if (mountPoint === undefined || type === undefined || options === undefined) return [];
  const path = !mountPoint.includes('\\')
    ? mountPoint
    : mountPoint.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
  if (!wanted.has(path)) return [];
  return [[path, { type, options: new Set(options.split(',')) }]];
}

function nearest(path: string, usages: readonly Usage[]): Usage | undefined {
  return usages
    .filter(
      ({ mountPoint }) => mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`),
    )
    .sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
}
