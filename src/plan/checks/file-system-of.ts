import type { Filesystem, HostFacts } from '../../domain/observed.ts';

/** The file system that `path` lies on, or would; null when the probe's list holds none that covers it. */
export function fileSystemOf(facts: HostFacts, path: string): Filesystem | null {
  const asked = facts.filesystems.find((filesystem) => filesystem.path === path);
  if (asked !== undefined) return asked;
  const covering = facts.filesystems.filter((filesystem) => isBelow(path, filesystem.mountPoint));
  return covering.sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0] ?? null;
}

function isBelow(path: string, mountPoint: string): boolean {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
}
