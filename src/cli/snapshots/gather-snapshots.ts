import { openBucket, type S3Bucket, type S3Snapshot } from '../../artifacts/s3-bucket.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import type { KnownToken, SnapshotCopy } from '../../domain/snapshot.ts';
import type { State } from '../../domain/state.ts';
import type { SnapshotFile } from '../../host/snapshot-files.ts';
import { readSnapshotFiles } from '../../host/snapshot-files.ts';
import { readS3Records } from '../../host/snapshot-records.ts';
import { readToken } from '../../rke2/read-token.ts';
import { s3Access } from '../../rke2/s3-settings.ts';
import { hasSnapshotSize, timeOfName, UNREAD_SNAPSHOT } from '../../rke2/snapshot-content.ts';
import { snapshotsDirOf } from '../../rke2/snapshots-dir.ts';
import { tokenId } from '../../rke2/token-id.ts';
import { onNodes } from '../nodes/on-nodes.ts';
import { type SelectedNode, selectNodes } from '../nodes/select-nodes.ts';
import type { Workspace } from '../workspace.ts';

/** Every copy of every snapshot that could be seen, the newest first. */
export interface FoundSnapshots {
  readonly copies: readonly SnapshotCopy[];
  /** Places that could not be asked. */
  readonly unasked: readonly UnaskedPlace[];
  /** What the state can open; empty where there is no state that can be read. */
  readonly tokens: readonly KnownToken[];
}

export interface UnaskedPlace {
  /** A node's name, or `S3`. */
  readonly place: string;
  readonly reason: string;
}

export interface GatherOptions {
  /** Reads those on nodes from end to end; else only names and sizes. */
  readonly contents: boolean;
  /** Only these, by their full names; every one unless given. */
  readonly names?: readonly string[];
}

/**
 * Looks for snapshots on the disks of all etcd nodes and in S3; changes nothing, and needs nothing of RKE2 to run. Where
 * S3 cannot be asked from here, what the API knows of it is taken. Throws Rke2ctlError for a cluster without an etcd of
 * its own.
 */
export async function gatherSnapshots(workspace: Workspace, options: GatherOptions): Promise<FoundSnapshots> {
  const { cluster } = workspace;
  refuseExternal(cluster);
  const state = await readableState(workspace);
  const nodes = selectNodes([], cluster, state).filter(({ node }) => node.roles.includes('etcd'));
  const [local, remote] = await Promise.all([
    readNodes(workspace, nodes, options),
    readS3(workspace, nodes, options),
  ]);
  const copies = [...local.copies, ...remote.copies].map((copy) => withTaker(copy, nodes));
  return {
    copies: copies.sort((a, b) => b.createdAt - a.createdAt || a.name.localeCompare(b.name)),
    unasked: [...local.unasked, ...remote.unasked],
    tokens: knownTokens(state),
  };
}

type Seen = Pick<FoundSnapshots, 'copies' | 'unasked'>;

async function readNodes(
  { cluster, connect, connectWindow, signals }: Workspace,
  nodes: readonly SelectedNode[],
  { contents, names }: GatherOptions,
): Promise<Seen> {
  const signal = signals.stop;
  const outcomes = await onNodes(nodes, { connect, window: connectWindow, signal }, ({ host }, { node }) =>
    readSnapshotFiles(host, {
      directory: snapshotsDirOf(cluster, node),
      contents,
      signal,
      ...(names !== undefined && { names }),
    }),
  );
  return {
    copies: outcomes.flatMap(({ value, node, label }) =>
      (value ?? []).map((file) => copyOnNode(file, node.key, label)),
    ),
    unasked: outcomes.flatMap(({ failure, label }) =>
      failure === null ? [] : [{ place: label, reason: failure.message }],
    ),
  };
}

function copyOnNode(file: SnapshotFile, key: string, label: string): SnapshotCopy {
  return {
    name: file.name,
    place: { kind: 'node', key, node: label, path: file.path },
    takenOn: null,
    createdAt: timeOfName(file.name) ?? file.modifiedAt,
    sizeBytes: file.sizeBytes,
    ...file.content,
  };
}

async function readS3(
  workspace: Workspace,
  nodes: readonly SelectedNode[],
  { names }: GatherOptions,
): Promise<Seen> {
  const access = s3Access(workspace.cluster, credentialsOfEnvironment());
  if (access.kind === 'none') return { copies: [], unasked: [] };
  if (access.kind === 'unknown') return readRecords(workspace, nodes, access.reason, names);
  const bucket = openBucket(access.settings);
  const { stop: signal } = workspace.signals;
  try {
    const found =
      names === undefined
        ? await bucket.list({ signal })
        : (await Promise.all(names.map((name) => bucket.find(name, { signal })))).flatMap((one) => one ?? []);
    return { copies: found.map((one) => copyInS3(one, bucket)), unasked: [] };
  } catch (error) {
    if (signal.aborted || !(error instanceof Rke2ctlError)) throw error;
    return readRecords(workspace, nodes, `${error.message} ${error.hint}`, names);
  }
}

function copyInS3(found: S3Snapshot, { settings }: S3Bucket): SnapshotCopy {
  const isCut = !found.name.endsWith('.zip') && !hasSnapshotSize(found.sizeBytes);
  return {
    name: found.name,
    place: { kind: 's3', bucket: settings.bucket, object: found.object },
    takenOn: found.node,
    createdAt: timeOfName(found.name) ?? found.modifiedAt,
    sizeBytes: found.sizeBytes,
    ...UNREAD_SNAPSHOT,
    tokenIds: found.tokenId === null ? null : [found.tokenId],
    ...(isCut && { whole: false, problem: `${found.sizeBytes} bytes are not all of it: it was cut off` }),
  };
}

/** What the API knows of S3, asked of the first control plane that answers; the reason is told all the same. */
async function readRecords(
  { cluster, connect, signals }: Workspace,
  nodes: readonly SelectedNode[],
  reason: string,
  names: readonly string[] | undefined,
): Promise<Seen> {
  const unasked = [{ place: 'S3', reason }];
  for (const selected of nodes.filter(({ node }) => node.roles.includes('controlplane'))) {
    const [outcome] = await onNodes([selected], { connect, window: 1, signal: signals.stop }, ({ host }) =>
      readS3Records(host, { dataDir: cluster.dataDir, signal: signals.stop }),
    );
    const copies = outcome?.value ?? null;
    if (copies === null) continue;
    return { copies: copies.filter(({ name }) => names === undefined || names.includes(name)), unasked };
  }
  return { copies: [], unasked };
}

/** Where neither label nor place tell who took it, its name does: `NAME-<node>-<unix time>`. */
function withTaker(copy: SnapshotCopy, nodes: readonly SelectedNode[]): SnapshotCopy {
  if (copy.takenOn !== null) return copy;
  const before = copy.name.replace(/-\d+(?:\.zip)?$/, '');
  const named = nodes
    .map(({ label }) => label)
    .filter((label) => before.endsWith(`-${label}`))
    .sort((a, b) => b.length - a.length)[0];
  return { ...copy, takenOn: named ?? (copy.place.kind === 'node' ? copy.place.node : null) };
}

/** null where there is none, or one that cannot be read: that is no reason to show nothing. */
export function readableState({ store }: Workspace): Promise<State | null> {
  return store.read().catch((error: unknown) => {
    if (error instanceof Rke2ctlError) return null;
    throw error;
  });
}

/** The server tokens that the state holds; none where there is no state that can be read. */
export async function knownTokensOf(workspace: Workspace): Promise<readonly KnownToken[]> {
  return knownTokens(await readableState(workspace));
}

function knownTokens(state: State | null): readonly KnownToken[] {
  if (state === null) return [];
  const { serverToken, next, former = [] } = state.secrets;
  const known = (secret: Secret, use: KnownToken['use']): KnownToken => ({
    id: tokenId(readToken(secret.reveal())?.secret ?? ''),
    use,
  });
  return [
    known(serverToken, 'present'),
    ...(next === undefined ? [] : [known(next.serverToken, 'next')]),
    ...former.map((token) => known(token.serverToken, 'former')),
  ];
}

/** The variables that RKE2 itself takes keys of S3 from, for servers that have a role instead of keys. */
export function credentialsOfEnvironment(env = process.env) {
  const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKey || !secretKey) return null;
  return {
    accessKey,
    secretKey: new Secret(secretKey),
    sessionToken: token ? new Secret(token) : null,
  };
}

/** RKE2 takes snapshots of its own etcd alone. */
export function refuseExternal({ externalDatastore }: Cluster): void {
  if (!externalDatastore) return;
  throw new Rke2ctlError({
    code: 'no-own-etcd',
    message:
      'This cluster keeps its data in an external datastore: RKE2 takes no snapshots of it, so there are none to work with.',
    hint: 'Back the datastore up by its own means (for etcd: `etcdctl snapshot save`).',
    exitCode: 3,
  });
}
