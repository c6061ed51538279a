import { fileURLToPath } from 'node:url';

/** Absolute path of a file of this very installation; `name` is its path in the package. */
export function packageFile(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}
