import { join } from 'node:path';

/** Absolute path of a file of this very installation; `name` is its path in the package. */
export function packageFile(name: string): string {
  return join(import.meta.dirname, '../..', name);
}
