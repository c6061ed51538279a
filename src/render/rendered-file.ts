/** A file as it must stand on a node. `content` null: not known yet (the cluster's CA, an addon that was not fetched). */
export interface RenderedFile {
  readonly path: string;
  /** Octal, as chmod takes it: `0600`. */
  readonly mode: string;
  readonly content: string | null;
  /** True where the content holds what nobody else may see: it is masked when it is shown. */
  readonly secret: boolean;
  /** True where RKE2 reads it only when its service starts, so that a change needs a restart. */
  readonly readAtStart: boolean;
  /**
   * True for what is written before the cluster's first start only. From then on it is RKE2's own: no drift is looked for,
   * and it is not in the marker, so that nobody ever takes it away. Absent: false.
   */
  readonly founding?: true;
  /**
   * Where a running node takes some of it from elsewhere (labels and taints from the API, other servers from their list):
   * the content without that, which alone decides about a restart. Absent: all of it counts.
   */
  readonly startContent?: string;
  /** SHA-256 of what an adoption found in its place and what means the same; null: nothing was there, and nothing is needed. */
  readonly adopted?: string | null;
}
