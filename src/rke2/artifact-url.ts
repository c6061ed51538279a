import { toUrlVersion } from './version.ts';

/** The URL of `install.artifacts` for a version: `{version}` in it stands for the tag, escaped as GitHub's addresses have it. */
export function artifactBase(url: string, version: string | null): string {
  return version === null ? url : url.replaceAll('{version}', toUrlVersion(version));
}

/** Where a file of the release lies below that. */
export function artifactFileUrl(base: string, name: string): string {
  return `${base}/${name}`;
}
