import path from 'node:path';

/** Makes a path of the file absolute. */
export type PathResolver = (written: string) => string;

/** `~/…` is below `home`, a relative path below `folder`. */
export function resolvePathsFrom(folder: string, home: string): PathResolver {
  return (written) => {
    if (written === '~') return home;
    return written.startsWith('~/') ? path.join(home, written.slice(2)) : path.resolve(folder, written);
  };
}
