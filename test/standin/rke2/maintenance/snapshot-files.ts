import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EtcdClient } from '../etcd-client.ts';
import { makeDirectory, writeFile } from '../files.ts';
import { CommandError } from '../log.ts';
import type { ServerOptions } from '../options.ts';
import { makeZip } from './zip.ts';

/** One snapshot as the API's ETCDSnapshotFile describes it. */
export interface Snapshot {
  readonly name: string;
  readonly nodeName: string;
  readonly location: string;
  /** RFC 3339. */
  readonly created: string;
  readonly size: number;
}

/** Where this server's snapshots lie; a configured directory must exist already. */
export function snapshotDirectory(options: ServerOptions, override = ''): string {
  const custom = override === '' ? options.snapshots.directory : override;
  if (custom === '') {
    makeDirectory(options.paths.snapshots, 0o700);
    return options.paths.snapshots;
  }
  if (!existsSync(custom))
    throw new CommandError(`failed to get etcd-snapshot-dir: stat ${custom}: no such file or directory`);
  return custom;
}

/** Takes a snapshot of etcd into `<name>-<node>-<unix>`, with `.zip` when compressed, and notes its metadata. */
export async function takeSnapshot(
  etcd: EtcdClient,
  options: ServerOptions,
  wanted: { readonly name: string; readonly directory: string; readonly compress: boolean },
): Promise<Snapshot> {
  const directory = snapshotDirectory(options, wanted.directory);
  const created = new Date();
  const base = `${wanted.name}-${options.nodeName}-${Math.floor(created.getTime() / 1000)}`;
  const content = await etcd.snapshot();
  const name = wanted.compress ? `${base}.zip` : base;
  writeFile(join(directory, name), wanted.compress ? makeZip(base, content) : content);
  const snapshot = describeFile(options, directory, name);
  const metadata = join(options.paths.db, '.metadata');
  makeDirectory(metadata, 0o700);
  writeFile(
    join(metadata, name),
    JSON.stringify({ ...snapshot, nodeSource: options.nodeName, tokenHash: tokenHash(options) }),
  );
  return snapshot;
}

/** The snapshots on this host, the oldest first. */
export function listSnapshotFiles(options: ServerOptions, override = ''): readonly Snapshot[] {
  const directory = snapshotDirectory(options, override);
  return readdirSync(directory)
    .filter((name) => !name.includes('.tmp') && statSync(join(directory, name)).isFile())
    .map((name) => describeFile(options, directory, name))
    .sort((a, b) => a.created.localeCompare(b.created) || a.name.localeCompare(b.name));
}

export function deleteSnapshotFile(options: ServerOptions, snapshot: Snapshot): void {
  rmSync(snapshot.location.replace('file://', ''), { force: true });
  rmSync(join(options.paths.db, '.metadata', snapshot.name), { force: true });
}

function describeFile(options: ServerOptions, directory: string, name: string): Snapshot {
  const path = join(directory, name);
  const status = statSync(path);
  const seconds = /-(\d{9,})(?:\.zip)?$/.exec(name)?.[1];
  const created = seconds === undefined ? status.mtime : new Date(Number(seconds) * 1000);
  return {
    name,
    nodeName: options.nodeName,
    location: `file://${path}`,
    created: created.toISOString().replace(/\.\d+Z/, 'Z'),
    size: status.size,
  };
}

function tokenHash(options: ServerOptions): string {
  return createHash('sha256')
    .update(readFileSync(join(options.paths.server, 'token')))
    .digest('hex')
    .slice(0, 12);
}
