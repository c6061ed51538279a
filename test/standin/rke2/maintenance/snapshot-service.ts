import { readFileSync } from 'node:fs';
import { bootstrapKey } from '../bootstrap-data.ts';
import { CommandError, info, log, reasonOf, warn } from '../log.ts';
import type { ServerState } from '../server-routes.ts';
import type { Route, RouteResponse } from '../supervisor.ts';
import { matchesCron } from './cron.ts';
import type { Snapshot } from './snapshot-files.ts';
import { deleteSnapshotFile, listSnapshotFiles, takeSnapshot } from './snapshot-files.ts';
import type { SnapshotRecord } from './snapshot-records.ts';
import { addRecord, describeObject, describeRecord, reconcileRecords } from './snapshot-records.ts';
import { S3Client, type S3Config, s3ConfigOf } from './snapshot-s3.ts';

const RECONCILE_MS = 10 * 60 * 1000;

/** What `rke2 etcd-snapshot` asks of the running supervisor. */
export interface SnapshotRequest {
  readonly operation: 'save' | 'list' | 'delete' | 'prune';
  readonly names: readonly string[];
  readonly directory: string;
  readonly compress: boolean;
  readonly retention: number;
  /** Where the caller's own flags name a bucket. */
  readonly s3?: S3Config;
}

/** The answer: names for save, delete and prune, records for list. */
export interface SnapshotResponse {
  readonly created?: readonly string[];
  readonly deleted?: readonly string[];
  readonly records?: readonly SnapshotRecord[];
}

/** The supervisor's endpoint for snapshots, and the schedule. */
export function makeSnapshotRoute(state: ServerState): Route {
  let isSaving = false;
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isSaving) throw new CommandError('snapshot save already in progress');
    isSaving = true;
    try {
      return await work();
    } finally {
      isSaving = false;
    }
  };
  startSchedule(state, exclusively);
  return {
    method: 'POST',
    path: '/db/snapshot',
    role: 'server-or-local',
    handle: async (request): Promise<RouteResponse> => {
      const wanted = JSON.parse(request.body.toString()) as SnapshotRequest;
      try {
        if (state.options.datastore !== undefined) throw new CommandError('etcd datastore disabled');
        const answer =
          wanted.operation === 'save'
            ? await exclusively(() => save(state, wanted))
            : await handle(state, wanted);
        return { body: JSON.stringify(answer) };
      } catch (error) {
        warn(`etcd snapshot ${wanted.operation}: ${reasonOf(error)}`);
        return { status: 500, body: reasonOf(error) };
      }
    },
  };
}

async function handle(state: ServerState, wanted: SnapshotRequest): Promise<SnapshotResponse> {
  const s3 = await openBucket(state, wanted);
  if (wanted.operation === 'list') return { records: await list(state, wanted, s3) };
  if (wanted.operation === 'prune') return { deleted: await prune(state, wanted, s3) };
  const present = listSnapshotFiles(state.options, wanted.directory);
  const doomed = present.filter((snapshot) => wanted.names.includes(snapshot.name));
  const deleted = doomed.map((snapshot) => snapshot.name);
  for (const snapshot of doomed) deleteSnapshotFile(state.options, snapshot);
  for (const name of s3 === undefined ? [] : wanted.names) if (await s3?.delete(name)) deleted.push(name);
  await reconcile(state, s3);
  return { deleted };
}

/** The bucket that the caller or the server's own flags name; whatever is asked for fails where it cannot be reached. */
function openBucket(state: ServerState, wanted: SnapshotRequest): Promise<S3Client> | undefined {
  const config = wanted.s3 ?? s3ConfigOf(state.options.flags);
  return config === undefined ? undefined : S3Client.open(config);
}

async function save(state: ServerState, wanted: SnapshotRequest): Promise<SnapshotResponse> {
  if (state.etcd === undefined || !state.options.runsEtcd)
    throw new CommandError('etcd datastore is not started');
  const s3 = await openBucket(state, wanted);
  const directory = wanted.directory;
  info(`Saving etcd snapshot to ${wanted.names[0]}`);
  const name = wanted.names[0] ?? 'on-demand';
  const tokenHash = bootstrapKey(state.passwords.server).slice('/bootstrap/'.length);
  const snapshot = await takeSnapshot(state.etcd, state.options, {
    name,
    directory,
    compress: wanted.compress,
    tokenHash,
  });
  const created = [snapshot.name];
  if (s3 !== undefined && (await upload(state, s3, snapshot, tokenHash))) created.push(snapshot.name);
  if (state.kube !== undefined) await addRecord(state.kube, snapshot).catch(() => undefined);
  if (wanted.retention > 0) await prune(state, wanted, s3);
  await reconcile(state, s3);
  return { created };
}

/** What cannot be uploaded is recorded, and the snapshot counts as saved all the same. */
async function upload(
  state: ServerState,
  s3: S3Client,
  snapshot: Snapshot,
  tokenHash: string,
): Promise<boolean> {
  const content = readFileSync(snapshot.location.replace('file://', ''));
  const { nodeName } = snapshot;
  try {
    await s3.upload(snapshot.name, content, { nodeName, tokenHash });
    return true;
  } catch (error) {
    log('error', `Error received during snapshot upload to S3: ${reasonOf(error)}`);
    const failed = {
      ...snapshot,
      location: '',
      size: 0,
      s3: { config: s3.config, failure: reasonOf(error) },
    };
    if (state.kube !== undefined) await addRecord(state.kube, failed).catch(() => undefined);
    return false;
  }
}

/** Keeps the newest ones of a prefix: of this node's on its disk, and of all nodes' in the bucket. */
async function prune(
  state: ServerState,
  wanted: SnapshotRequest,
  s3: S3Client | undefined,
): Promise<readonly string[]> {
  const prefix = wanted.names[0] ?? '';
  const mine = listSnapshotFiles(state.options, wanted.directory).filter((snapshot) =>
    snapshot.name.startsWith(prefix),
  );
  const doomed = mine.slice(0, Math.max(0, mine.length - wanted.retention));
  for (const snapshot of doomed) deleteSnapshotFile(state.options, snapshot);
  const deleted = doomed.map((snapshot) => snapshot.name);
  const uploaded = ((await s3?.list()) ?? []).filter(({ name }) => name.startsWith(prefix));
  const newestFirst = [...uploaded].sort((a, b) => b.modified - a.modified);
  for (const { name } of newestFirst.slice(s3?.config.retention ?? 0)) {
    await s3?.delete(name);
    deleted.push(name);
  }
  await reconcile(state, s3);
  return deleted;
}

/** What lies on this host's disk, and in the bucket; what other servers have only they know. */
async function list(
  state: ServerState,
  wanted: SnapshotRequest,
  s3: S3Client | undefined,
): Promise<readonly SnapshotRecord[]> {
  const uploaded = s3 === undefined ? [] : (await s3.list()).map((object) => describeObject(s3, object));
  return [...uploaded, ...listSnapshotFiles(state.options, wanted.directory)].map(describeRecord);
}

async function reconcile(state: ServerState, bucket?: S3Client): Promise<void> {
  if (state.kube === undefined) return;
  try {
    const config = s3ConfigOf(state.options.flags);
    const s3 = bucket ?? (config === undefined ? undefined : await S3Client.open(config));
    const files: readonly Snapshot[] = listSnapshotFiles(state.options);
    const uploaded = s3 === undefined ? [] : (await s3.list()).map((object) => describeObject(s3, object));
    const storages = [state.options.nodeName, ...(s3 === undefined ? [] : ['s3'])];
    await reconcileRecords(state.kube, storages, [...files, ...uploaded]);
  } catch (error) {
    warn(`Error reconciling etcd snapshot data: ${reasonOf(error)}`);
  }
}

function startSchedule(
  state: ServerState,
  exclusively: (work: () => Promise<unknown>) => Promise<unknown>,
): void {
  const { snapshots } = state.options;
  setInterval(() => void reconcile(state), RECONCILE_MS);
  if (snapshots.disabled || !state.options.runsEtcd) return;
  let lastMinute = '';
  setInterval(() => {
    const minute = new Date().toISOString().slice(0, 16);
    if (minute === lastMinute || !state.isReady || !matchesCron(snapshots.schedule, new Date())) return;
    lastMinute = minute;
    const wanted: SnapshotRequest = {
      operation: 'save',
      names: [snapshots.name],
      directory: '',
      compress: snapshots.compress,
      retention: snapshots.retention,
    };
    exclusively(() => save(state, wanted)).catch((error: unknown) =>
      warn(`Failed to take etcd snapshot: ${reasonOf(error)}`),
    );
  }, 5000);
}
