/** One release of RKE2: Kubernetes' own version, its pre-release if it is one, and RKE2's count of builds of it. */
export interface Rke2Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** The N of `-rcN`; null for a release. */
  readonly rc: number | null;
  /** The N of `+rke2rN`. */
  readonly revision: number;
}

const PATTERN = /^v(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:-rc(\d{1,3}))?\+rke2r(\d{1,3})$/;

/** Reads a tag as RKE2 writes it, `v1.35.7+rke2r1` or `v1.24.3-rc1+rke2r1`; null for anything else. */
export function parseVersion(text: string): Rke2Version | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const [, major, minor, patch, rc, revision] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    rc: rc === undefined ? null : Number(rc),
    revision: Number(revision),
  };
}

/** The tag itself: `v1.35.7+rke2r1`. */
export function formatVersion(version: Rke2Version): string {
  const rc = version.rc === null ? '' : `-rc${version.rc}`;
  return `v${version.major}.${version.minor}.${version.patch}${rc}+rke2r${version.revision}`;
}

/** Negative when `a` is older than `b`, 0 when they are the same release. A candidate is older than its release. */
export function compareVersions(a: Rke2Version, b: Rke2Version): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    compareCandidates(a.rc, b.rc) ||
    a.revision - b.revision
  );
}

function compareCandidates(a: number | null, b: number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a - b;
}

/** How many minor versions lie from `from` up to `to`: 1 for v1.35 to v1.36, negative for a downgrade, null across majors. */
export function countMinorsBetween(from: Rke2Version, to: Rke2Version): number | null {
  return from.major === to.major ? to.minor - from.minor : null;
}

/** As it stands in the path of a download from GitHub, where `+` is escaped: `v1.35.7%2Brke2r1`. */
export function toUrlVersion(tag: string): string {
  return tag.replaceAll('+', '%2B');
}

/** As an image tag, where `+` is not allowed; the Chinese mirror spells its download folders so too: `v1.35.7-rke2r1`. */
export function toImageTag(tag: string): string {
  return tag.replaceAll('+', '-');
}

/** As RPM spells it, without the `v`: `1.35.7~rke2r1`. */
export function toRpmVersion(tag: string): string {
  return tag.replace(/^v/, '').replaceAll(/[+-]/g, '~');
}
