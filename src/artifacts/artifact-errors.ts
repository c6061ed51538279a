import { ArtifactError } from '../domain/errors.ts';
import { toUrlVersion } from '../rke2/version.ts';

/** A file that a cluster needs and a directory lacks. */
export interface MissingArtifact {
  /** The exact name under which a release publishes it. */
  readonly name: string;
  /** What for: `the images of the CNI cilium`. */
  readonly purpose: string;
  /** Other files, any one of which would do in its place. */
  readonly alternatives: readonly string[];
}

/** One chosen file that is not what its release says. `actual` null: the checksum file has no line for it. */
export interface BadArtifact {
  readonly name: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

function placeWords(place: string): string {
  return place.includes('://') ? place : `The artifact directory ${place}`;
}

/** The directory cannot be looked into, or holds nothing of a release. */
export function directoryUnusable(directory: string, why: string, cause?: unknown): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-unusable',
    message: `The artifact directory ${directory} ${why}.`,
    hint: 'Set install.artifacts to a directory that holds the files of one RKE2 release under their own names (rke2.linux-amd64.tar.gz, sha256sum-amd64.txt, rke2-images…).',
    cause,
  });
}

/** Files are missing; nothing was sent. `version` only makes the hint exact. */
export function artifactsMissing(
  directory: string,
  missing: readonly MissingArtifact[],
  version: string | null,
): ArtifactError {
  const list = missing.map(({ name, purpose, alternatives }) => {
    const instead = alternatives.length === 0 ? '' : `; instead would do: ${alternatives.join(', or ')}`;
    return `\n  ${name} (${purpose}${instead})`;
  });
  const release = version === null ? 'releases' : `releases/tag/${toUrlVersion(version)}`;
  return new ArtifactError({
    code: 'artifacts-missing',
    message: `${placeWords(directory)} lacks what this cluster needs, so nothing was sent:${list.join('')}`,
    hint: `Put the missing files there (https://github.com/rancher/rke2/${release}), or name a registry that supplies the images under private_registries with is_default: true.`,
  });
}

/** Files differ from what the checksum file says; nothing was sent. */
export function artifactsDamaged(
  directory: string,
  checksumFile: string,
  bad: readonly BadArtifact[],
): ArtifactError {
  const list = bad.map(({ name, expected, actual }) =>
    expected === null
      ? `\n  ${name}: ${checksumFile} has no line for it`
      : `\n  ${name}: expected ${expected}, it is ${actual}`,
  );
  const onlyUnlisted = bad.every((file) => file.expected === null);
  return new ArtifactError({
    code: 'artifacts-damaged',
    message: `Files in ${directory} cannot be trusted, so nothing was sent:${list.join('')}`,
    hint: onlyUnlisted
      ? `Use the ${checksumFile} of the same release as these files; they may be of another release, or not of a release at all.`
      : `Download these files again. If they come out the same, ${checksumFile} is of another release: take both from one.`,
  });
}

/** A checksum file that is not one. */
export function checksumsUnusable(path: string, why: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-checksums-unusable',
    message: `${path} is not a checksum file of a release: ${why}.`,
    hint: 'Download it again and look into it: a proxy may have saved its error page under that name.',
  });
}

/** The operating system does not let us read a file, or what is in it is not what its name says. */
export function artifactUnreadable(path: string, cause: unknown): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-unreadable',
    message: `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
    hint: 'Make it readable for the user who runs rke2ctl; if it is damaged, download it again.',
    cause,
  });
}

/** A file changed while it was read: it is still being copied there. */
export function artifactChanging(path: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-changing',
    message: `${path} changed while it was read.`,
    hint: 'Wait until the copy or download into that directory has ended, then run the command again.',
    retryable: true,
  });
}

/** The directory holds another release than the cluster is to run. */
export function wrongRelease(directory: string, found: string, wanted: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-wrong-version',
    message: `${placeWords(directory)} holds RKE2 ${found}, but this cluster is to run ${wanted}.`,
    hint: `Put the files of ${wanted} there, or point install.artifacts at the directory that has them.`,
  });
}

/** Nothing in the directory tells which release it is, and cluster.yml does not say either. */
export function releaseUnknown(directory: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-version-unknown',
    message: `The files in ${directory} do not tell which RKE2 release they are.`,
    hint: 'Write the version into cluster.yml, for example kubernetes_version: v1.35.7+rke2r1.',
  });
}
