import { CommandError, info, reasonOf, warn } from '../log.ts';
import type { ServerState } from '../server-routes.ts';
import type { Route, RouteResponse } from '../supervisor.ts';
import { matchesCron } from './cron.ts';
import type { Snapshot } from './snapshot-files.ts';
import { deleteSnapshotFile, listSnapshotFiles, takeSnapshot } from './snapshot-files.ts';
import type { SnapshotRecord } from './snapshot-records.ts';
import { describeRecord, listRecords, reconcileRecords } from './snapshot-records.ts';

const RECONCILE_MS = 10 * 60 * 1000;

/** What `rke2 etcd-snapshot` asks of the running supervisor. */
export interface SnapshotRequest {
  readonly operation: 'save' | 'list' | 'delete' | 'prune';
  readonly names: readonly string[];
  readonly directory: string;
  readonly compress: boolean;
  readonly retention: number;
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
  if (wanted.operation === 'list') return { records: await list(state, wanted) };
  if (wanted.operation === 'prune') return { deleted: await prune(state, wanted) };
  const present = listSnapshotFiles(state.options, wanted.directory);
  const doomed = present.filter((snapshot) => wanted.names.includes(snapshot.name));
  for (const snapshot of doomed) deleteSnapshotFile(state.options, snapshot);
  await reconcile(state);
  return { deleted: doomed.map((snapshot) => snapshot.name) };
}

async function save(state: ServerState, wanted: SnapshotRequest): Promise<SnapshotResponse> {
  if (state.etcd === undefined || !state.options.runsEtcd)
    throw new CommandError('etcd datastore is not started');
  const directory = wanted.directory;
  info(`Saving etcd snapshot to ${wanted.names[0]}`);
  const name = wanted.names[0] ?? 'on-demand';
  const snapshot = await takeSnapshot(state.etcd, state.options, {
    name,
    directory,
    compress: wanted.compress,
  });
  if (wanted.retention > 0) await prune(state, wanted);
  await reconcile(state);
  return { created: [snapshot.name] };
}

/** Keeps the newest ones of a prefix. */
async function prune(state: ServerState, wanted: SnapshotRequest): Promise<readonly string[]> {
  const prefix = `${wanted.names[0]}-${state.options.nodeName}-`;
  const mine = listSnapshotFiles(state.options, wanted.directory).filter((snapshot) =>
    snapshot.name.startsWith(prefix),
  );
  const doomed = mine.slice(0, Math.max(0, mine.length - wanted.retention));
  for (const snapshot of doomed) deleteSnapshotFile(state.options, snapshot);
  await reconcile(state);
  return doomed.map((snapshot) => snapshot.name);
}

/** All servers' records; where there is no API server, this host's files. */
async function list(state: ServerState, wanted: SnapshotRequest): Promise<readonly SnapshotRecord[]> {
  const own = listSnapshotFiles(state.options, wanted.directory).map(describeRecord);
  const { nodeName } = state.options;
  const others = state.kube === undefined ? [] : await listRecords(state.kube).catch(() => []);
  return [...own, ...others.filter((record) => record.spec.nodeName !== nodeName)];
}

async function reconcile(state: ServerState): Promise<void> {
  if (state.kube === undefined) return;
  let files: readonly Snapshot[] = [];
  try {
    files = listSnapshotFiles(state.options);
    await reconcileRecords(state.kube, state.options.nodeName, files);
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
