import { readFile } from 'node:fs/promises';
import { type BundleName, MAIN_BUNDLE_HOLDS } from '../rke2/image-bundles.ts';
import { artifactUnreadable } from './artifact-errors.ts';
import type { ReleaseFile } from './release-file.ts';

/** The lists of images that a cluster needs, of one architecture. */
export interface ImageLists {
  readonly found: readonly ReleaseFile[];
  /** Names of lists that are not there. */
  readonly missing: readonly string[];
}

/**
 * Picks the release's image lists (`rke2-images-core.linux-amd64.txt` and its like) for these bundles. One list that holds
 * core and Canal together stands for both where both are needed.
 */
export function chooseImageLists(
  bundles: readonly BundleName[],
  arch: string,
  files: Readonly<Record<string, ReleaseFile>>,
): ImageLists {
  const main = files[`rke2-images.linux-${arch}.txt`];
  const holdsBoth = main !== undefined && MAIN_BUNDLE_HOLDS.every((bundle) => bundles.includes(bundle));
  const rest = holdsBoth ? bundles.filter((bundle) => !MAIN_BUNDLE_HOLDS.includes(bundle)) : bundles;
  const names = rest.map((bundle) => `rke2-images-${bundle}.linux-${arch}.txt`);
  return {
    found: [...(holdsBoth ? [main] : []), ...names.flatMap((name) => files[name] ?? [])],
    missing: names.filter((name) => files[name] === undefined),
  };
}

/** The images that a list names, with registry and tag, in its order. ArtifactError when it cannot be read. */
export async function readImageList({ path }: Pick<ReleaseFile, 'path'>): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw artifactUnreadable(path, error);
  });
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
