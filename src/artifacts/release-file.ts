/** One file of a release in an artifact directory. `sha256`: what the checksum file says, null without a line there. */
export interface ReleaseFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string | null;
}
