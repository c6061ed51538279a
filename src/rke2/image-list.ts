import { parseVersion } from './version.ts';

/**
 * The version that a release's image list (`rke2-images*.linux-<arch>.txt`) is of: the tag of the rke2-runtime image in
 * it, which always is the release's own. null for a list without that image (a CNI's) and for odd tags.
 */
export function versionOfImageList(text: string): string | null {
  const tag = /^(?:\S*\/)?rke2-runtime:(v\d\S*)-(rke2r\d+)\s*$/m.exec(text);
  if (tag?.[1] === undefined || tag[2] === undefined) return null;
  const version = `${tag[1]}+${tag[2]}`;
  return parseVersion(version) === null ? null : version;
}
