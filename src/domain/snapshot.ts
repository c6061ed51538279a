import type { NodeKey } from './cluster.ts';

/** Where one copy of a snapshot lies. */
export type SnapshotPlace =
  | {
      readonly kind: 'node';
      readonly key: NodeKey;
      /** The node's name, or how it is called where that is not known. */
      readonly node: string;
      /** Absolute path there. */
      readonly path: string;
    }
  | { readonly kind: 's3'; readonly bucket: string; readonly object: string };

/**
 * One copy of an etcd snapshot as it was found. What nobody has looked at is null: the file was not read, or it is in S3
 * and only its label could be asked for.
 */
export interface SnapshotCopy extends SnapshotContent {
  /** RKE2's full name of it, the file's own: `NAME-<node>-<unix time>`, with `.zip` when compressed. */
  readonly name: string;
  readonly place: SnapshotPlace;
  /** The node that took it; null where neither its place nor its label says so. */
  readonly takenOn: string | null;
  /** Milliseconds since the epoch, from its name, else from its file. */
  readonly createdAt: number;
  readonly sizeBytes: number;
}

/** What reading a snapshot tells. */
export interface SnapshotContent {
  /**
   * True when the hash at its end is that of all before it; false when not, or when its size alone shows that it was cut
   * off; null when it was not looked at.
   */
  readonly whole: boolean | null;
  /** Ids of the server tokens whose bootstrap data it holds: one of these opens it. Empty: none; null: not looked for. */
  readonly tokenIds: readonly string[] | null;
  /** The newest RKE2 that a node ran when it was taken. */
  readonly version: string | null;
  /** What keeps it from being used, in words: `it ends too early`; null: nothing that was seen. */
  readonly problem: string | null;
}

/** A server token that this operator's state holds, by its id. */
export interface KnownToken {
  readonly id: string;
  /** The one that the cluster has now; otherwise one of before a rotation, or one that a rotation is bringing in. */
  readonly use: 'present' | 'former' | 'next';
}

/** Whether a copy can be restored with what the state holds: null where that cannot be said. */
export function opensWith(copy: SnapshotContent, tokens: readonly KnownToken[]): boolean | null {
  if (copy.whole === false || copy.problem !== null) return false;
  if (copy.tokenIds === null || tokens.length === 0) return null;
  return copy.tokenIds.some((id) => tokens.some((token) => token.id === id));
}
