import type { SnapshotContent } from '../domain/snapshot.ts';
import { compareVersions, parseVersion } from './version.ts';

/** Bytes that etcd puts behind the database: the SHA-256 of all of it. */
export const SNAPSHOT_HASH_BYTES = 32;

/** A database is a whole number of these. */
const PAGE_BYTES = 512;

/** What begins the key of the bootstrap data in etcd; the id of its token follows. */
export const BOOTSTRAP_PREFIX = '/bootstrap/';

/** Hex digits of a token's id. */
export const TOKEN_ID_DIGITS = 12;

/** So many bytes before the key say which revision of it a record is. */
export const REVISION_BYTES = 20;

/** A key of bootstrap data somewhere in a snapshot, with the bytes before it. */
export interface BootstrapHit {
  readonly tokenId: string;
  /** `REVISION_BYTES` of them. */
  readonly before: Uint8Array;
}

/** What reading a snapshot from end to end gave. */
export interface SnapshotReading {
  /** Unpacked; null when it could not be unpacked. */
  readonly sizeBytes: number | null;
  /** SHA-256 in hex of all but the last bytes, and what those say; null where the size is wrong already. */
  readonly hashes: { readonly computed: string; readonly told: string } | null;
  readonly hits: readonly BootstrapHit[];
  /** Tags of RKE2 that nodes in it ran. */
  readonly tags: readonly string[];
}

/** What is said of a snapshot that nobody has read. */
export const UNREAD_SNAPSHOT: SnapshotContent = { whole: null, tokenIds: null, version: null, problem: null };

/** Judges a snapshot by what was read of it. */
export function judgeSnapshot({ sizeBytes, hashes, hits, tags }: SnapshotReading): SnapshotContent {
  const content = { tokenIds: judgeBootstrapHits(hits), version: newestVersion(tags) };
  const damaged = (problem: string): SnapshotContent => ({ ...content, whole: false, problem });
  if (sizeBytes === null) return damaged('it cannot be unpacked: it is damaged, or was cut off');
  if (!hasSnapshotSize(sizeBytes) || hashes === null)
    return damaged(
      `${sizeBytes} bytes are no whole number of pages and a hash: it was cut off, or is no snapshot`,
    );
  if (hashes.computed !== hashes.told)
    return damaged('the hash at its end is not that of what stands before it: it is damaged');
  const problem =
    content.tokenIds.length === 0 ? 'it holds no bootstrap data of RKE2, so that no token opens it' : null;
  return { ...content, whole: true, problem };
}

/** Whether a file of this many bytes can be a database with a hash behind it; one that was cut off hardly ever can. */
export function hasSnapshotSize(bytes: number): boolean {
  return bytes > PAGE_BYTES && bytes % PAGE_BYTES === SNAPSHOT_HASH_BYTES;
}

/**
 * The tokens that open a snapshot, from every place where a key of bootstrap data stands in it. A database keeps old
 * revisions and freed pages, so that a token of before a rotation may stand in it as well: of each token the newest
 * revision counts, and one that was deleted opens nothing. Where no revision can be read, every token found is given.
 */
export function judgeBootstrapHits(hits: readonly BootstrapHit[]): readonly string[] {
  const newest = new Map<string, Revision>();
  for (const { tokenId, before } of hits) {
    const revision = readRevision(before);
    const known = newest.get(tokenId);
    if (revision !== null && (known === undefined || revision.main > known.main))
      newest.set(tokenId, revision);
  }
  if (newest.size === 0) return [...new Set(hits.map(({ tokenId }) => tokenId))].sort();
  return [...newest].flatMap(([id, { deleted }]) => (deleted ? [] : [id])).sort();
}

interface Revision {
  readonly main: bigint;
  readonly deleted: boolean;
}

const UNDERSCORE = 0x5f;
const TOMBSTONE = 0x74;
/** The key of a record: eight bytes of main revision, `_`, eight of sub revision. */
const KEY_BYTES = 17;

/**
 * A record in the database is its revision (with `t` behind it when the key was deleted), the mark of the first field,
 * the key's length, and the key.
 */
function readRevision(before: Uint8Array): Revision | null {
  if (before.length < REVISION_BYTES) return null;
  const bytes = Buffer.from(before.slice(-REVISION_BYTES));
  const length = BOOTSTRAP_PREFIX.length + TOKEN_ID_DIGITS;
  if (bytes[REVISION_BYTES - 2] !== 0x0a || bytes[REVISION_BYTES - 1] !== length) return null;
  const deleted = bytes[KEY_BYTES] === TOMBSTONE && bytes[8] === UNDERSCORE;
  const start = deleted ? 0 : 1;
  return bytes[start + 8] === UNDERSCORE ? { main: bytes.readBigUInt64BE(start), deleted } : null;
}

/** The newest of these tags that is one of RKE2's; null when none is. */
export function newestVersion(tags: readonly string[]): string | null {
  const known = tags.flatMap((tag) => {
    const version = parseVersion(tag);
    return version === null ? [] : [{ tag, version }];
  });
  return known.sort((a, b) => compareVersions(b.version, a.version))[0]?.tag ?? null;
}

/** When a snapshot was taken, in milliseconds since the epoch, as its name says; null when it does not. */
export function timeOfName(name: string): number | null {
  const seconds = /-(\d{9,11})(?:\.zip)?$/.exec(name)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** What was asked for as its name, without node and time: `NAME` of `NAME-<node>-<unix time>`; null for another node's. */
export function stemOfName(name: string, node: string): string | null {
  const [, before = ''] = /^(.*)-\d+(?:\.zip)?$/.exec(name) ?? [];
  return before.endsWith(`-${node}`) ? before.slice(0, -node.length - 1) : null;
}
