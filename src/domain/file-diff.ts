/** How one file changes on the nodes on which it changes alike; nothing in it is secret. */
export interface FileDiff {
  readonly path: string;
  /** Names of the nodes. */
  readonly nodes: readonly string[];
  readonly change: 'new' | 'changed' | 'removed';
  /** Lines of a unified diff without its header; of several nodes as they are on the first, names and addresses apart. */
  readonly lines: readonly string[];
  /** Instead of lines, or beside them: `secret, changed`; null when there is nothing to say. */
  readonly note: string | null;
}
