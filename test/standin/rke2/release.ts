import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the launcher in front of the bundle says about the release it belongs to. */
interface ReleaseHeader {
  readonly version: string;
  readonly programs: Readonly<Record<string, string>>;
}

declare global {
  /** Set by the first lines of `bin/rke2` before the bundle runs. */
  var STAND_IN_RELEASE: ReleaseHeader | undefined;
}

const header = globalThis.STAND_IN_RELEASE ?? { version: 'v0.0.0+rke2r0', programs: {} };

/** This release: its version, the version as an image tag, its minor, and the programs its images would hold. */
export const RELEASE = {
  version: header.version,
  tag: header.version.replace('+', '-'),
  minor: Number(header.version.split('.')[1] ?? 0),
  programs: header.programs,
} as const;

const THIN_DIRECTORY = '/usr/lib/rke2-standin/bin';

/** A program the release runs on: the fat release carries it beside itself, for the thin one the host has it. */
export function findProgram(name: 'node' | 'etcd' | 'etcdctl' | 'kubectl'): string {
  const carried = join(dirname(process.argv[1] ?? ''), '../share/rke2/standin', name);
  return existsSync(carried) ? carried : join(THIN_DIRECTORY, name);
}
