/** A file as it must stand on a node. `content` null: not known before the first server has made the cluster's CA. */
export interface RenderedFile {
  readonly path: string;
  /** Octal, as chmod takes it: `0600`. */
  readonly mode: string;
  readonly content: string | null;
}
