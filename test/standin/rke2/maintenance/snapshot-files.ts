import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EtcdClient } from '../etcd-client.ts';
import { makeDirectory, writeFile } from '../files.ts';
import { CommandError } from '../log.ts';
import type { ServerOptions } from '../options.ts';
import type { S3Config } from './snapshot-s3.ts';
import { makeZip } from './zip.ts';

/** One snapshot as the API's ETCDSnapshotFile describes it. */
export interface Snapshot {
  readonly name: string;
  readonly nodeName: string;
  readonly location: string;
  /** RFC 3339. */
  readonly created: string;
  readonly size: number;
  /** Of the token that opens it, where that is known: when it was taken just now, or S3 has it as a label. */
  readonly tokenHash?: string;
  /** In S3: where, and why it is not there. */
  readonly s3?: { readonly config: S3Config; readonly failure?: string };
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

/** Takes a snapshot of etcd into `<name>-<node>-<unix>`, with `.zip` when compressed. */
export async function takeSnapshot(
  etcd: EtcdClient,
  options: ServerOptions,
  wanted: {
    readonly name: string;
    readonly directory: string;
    readonly compress: boolean;
    readonly tokenHash: string;
  },
): Promise<Snapshot> {
  const directory = snapshotDirectory(options, wanted.directory);
  const created = new Date();
  const base = `${wanted.name}-${options.nodeName}-${Math.floor(created.getTime() / 1000)}`;
  const content = await etcd.snapshot();
  const name = wanted.compress ? `${base}.zip` : base;
  writeFile(join(directory, name), wanted.compress ? makeZip(base, content) : content);
  const snapshot = { ...describeFile(options, directory, name), tokenHash: wanted.tokenHash };
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
    created: rfc3339(created),
    size: status.size,
  };
}

/** As RKE2 writes times, to the second. */
export function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z/, 'Z');
}
