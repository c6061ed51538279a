import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Absolute path of a file of this very installation; `name` is its path in the package. */
export function packageFile(name: string): string {
  return join(import.meta.dirname, '../..', name);
}

/** The version of this rke2ctl, as its package.json says. */
export function packageVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
