import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readSnapshotFile, unpackSnapshot } from '../../artifacts/read-snapshot.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import type { SnapshotContent, SnapshotCopy } from '../../domain/snapshot.ts';
import { timeOfName } from '../../rke2/snapshot-content.ts';
import { fetchCopy, placeText } from '../snapshots/fetch-copy.ts';
import { findSnapshot } from '../snapshots/find-snapshot.ts';
import type { Workspace } from '../workspace.ts';

/** A snapshot on this machine, unpacked and read from end to end. */
export interface FetchedSnapshot {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly content: SnapshotContent;
  /** Where it came from, for people. */
  readonly from: string;
}

/** Beside the state: fetched here a snapshot outlives every host on which it lay. Taken away when all is done. */
export function restoreFolder({ paths }: Workspace): string {
  return `${paths.state}${RESTORE_FOLDER_END}`;
}

export const RESTORE_FOLDER_END = '.restore';

/**
 * Brings the snapshot that was asked for to this machine, from wherever it is: a file here, an etcd node's disk, S3.
 * Throws Rke2ctlError where there is none, or none that is whole.
 */
export async function fetchRestoreSnapshot(workspace: Workspace, asked: string): Promise<FetchedSnapshot> {
  const isFile = await stat(asked).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return readHere(workspace, resolve(asked), 'this machine');
  if (asked.includes('/')) throw noFile(asked);
  const { copies } = await findSnapshot(workspace, asked, { contents: true });
  const usable = copies.filter(({ whole, problem }) => whole !== false && problem === null);
  if (usable.length === 0) throw noneWhole(asked, copies);
  const folder = restoreFolder(workspace);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // What was read already comes before what is still to be read, from S3.
  const inTurn = usable.toSorted((a, b) => Number(b.whole === true) - Number(a.whole === true));
  let last: unknown;
  for (const copy of inTurn) {
    const path = join(folder, copy.name);
    try {
      await rm(path, { force: true });
      await fetchCopy(workspace, copy, path);
      return await readHere(workspace, path, placeText(copy));
    } catch (error) {
      if (!(error instanceof Rke2ctlError) || workspace.signals.stop.aborted) throw error;
      last = error;
    }
  }
  throw last;
}

async function readHere(workspace: Workspace, path: string, from: string): Promise<FetchedSnapshot> {
  const read = await readSnapshotFile(path);
  refuseDamaged(path, from, read.content);
  const unpacked = path.endsWith('.zip') ? await unpack(workspace, path) : path;
  const { size } = await stat(unpacked);
  const name = basename(unpacked);
  return {
    path: unpacked,
    // It becomes part of paths on hosts, and of RKE2's own arguments.
    name: /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) ? name : 'snapshot',
    sizeBytes: size,
    sha256: await hashOf(unpacked),
    createdAt: timeOfName(name) ?? read.modifiedAt,
    content: read.content,
    from,
  };
}

/** RKE2 of 2026 does not find packed ones that it is to restore from a path. */
async function unpack(workspace: Workspace, path: string): Promise<string> {
  const folder = restoreFolder(workspace);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const target = join(folder, basename(path, '.zip'));
  await unpackSnapshot(path, target);
  if (path.startsWith(`${folder}/`)) await rm(path, { force: true });
  return target;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function refuseDamaged(path: string, from: string, { whole, problem, tokenIds }: SnapshotContent): void {
  if (whole === true && problem === null && tokenIds !== null && tokenIds.length > 0) return;
  throw new Rke2ctlError({
    code: 'snapshot-damaged',
    message: `The snapshot ${basename(path)} of ${from} cannot be restored: ${problem ?? 'it is not whole'}. Nothing was stopped.`,
    hint: 'Take another one: `rke2ctl etcd snapshot-list` shows which are whole.',
  });
}

function noneWhole(name: string, copies: readonly SnapshotCopy[]): Rke2ctlError {
  const each = copies.map((copy) => `${placeText(copy)}: ${copy.problem ?? 'it is not whole'}`);
  return new Rke2ctlError({
    code: 'snapshot-damaged',
    message: `No copy of the snapshot ${name} can be restored (${each.join('; ')}). Nothing was stopped.`,
    hint: 'Take another one: `rke2ctl etcd snapshot-list` shows which are whole.',
  });
}

function noFile(path: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'snapshot-not-found',
    message: `There is no file ${path} here. Nothing was stopped.`,
    hint: 'Give the path of a file of this machine, or the full name of a snapshot as `rke2ctl etcd snapshot-list` shows it.',
    exitCode: 3,
  });
}
