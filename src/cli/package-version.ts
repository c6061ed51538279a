import { readFileSync } from 'node:fs';
import { packageFile } from './package-file.ts';

/** The version of this rke2ctl, as its package.json says. */
export function packageVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
