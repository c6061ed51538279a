import { setTimeout as sleep } from 'node:timers/promises';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { EtcdStatus } from '../../domain/etcd-health.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import type { State } from '../../domain/state.ts';
import { readDatabaseTime, readEtcdStatus } from '../../host/etcd-maintenance.ts';
import { planEtcdReset, type ResetRequest } from '../../plan/maintenance/etcd-reset.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { participants } from '../../plan/maintenance/participants.ts';
import { ageText } from '../../ui/age-text.ts';
import { openDialog } from '../../ui/prompt.ts';
import { countText, renderTable } from '../../ui/table.ts';
import type { EtcdResetFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';
import { remade } from '../restore/remade.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
import type { Workspace } from '../workspace.ts';

/** An etcd that has a majority has chosen its leader long before. */
const ELECTION_MS = 5_000;

/** What of the data is known before anything is lost. */
interface Survivor {
  readonly node: PlannedNode;
  /** null: its etcd does not answer. */
  readonly status: EtcdStatus | null;
  /** When its database was last written to, in milliseconds since the epoch; null: there is none. */
  readonly writtenAt: number | null;
}

/**
 * `rke2ctl etcd reset`: etcd has lost its majority for good, and one survivor's data become the cluster's. Shows which of
 * them has the newest, and asks for its name in words.
 */
export function etcdReset(flags: EtcdResetFlags): Promise<ExitCode> {
  return runMaintenance<ResetRequest>(
    {
      verb: 'etcd reset',
      asked: null,
      writesFiles: true,
      // Whatever was in hand cannot go on without etcd; of tokens nobody could say which one the data open with.
      mayReplace: ({ verb }) => verb !== 'token rotate',
      settle: (_asked, scene, workspace) => settle(scene, workspace, flags),
      begin: (state, { first }): State => ({ ...state, bootstrapNodeId: first, caHash: null }),
      plan: planEtcdReset,
      explain,
      conclude: () => remade('etcd goes on from the data that were chosen.'),
    },
    flags,
  );
}

async function settle(scene: Scene, workspace: Workspace, flags: EtcdResetFlags): Promise<ResetRequest> {
  const { cluster, sessions, signals } = workspace;
  const { servers } = participants({ ...scene, cluster });
  const etcd = servers.filter(({ roles }) => roles.includes('etcd'));
  const options = { dataDir: cluster.dataDir, signal: signals.stop };
  const look = () =>
    Promise.all(
      etcd.map(async (node): Promise<Survivor> => {
        const host = sessions.get(node.key);
        const [status, writtenAt] = await Promise.all([
          readEtcdStatus(host, options),
          readDatabaseTime(host, options.dataDir, options.signal),
        ]);
        return { node, status, writtenAt };
      }),
    );
  let survivors = await look();
  refuseLiving(survivors);
  if (survivors.some(({ status }) => status !== null)) {
    // While they elect one they have no leader for a moment, either.
    await sleep(ELECTION_MS, undefined, { signal: options.signal });
    survivors = await look();
    refuseLiving(survivors);
  }
  const able = survivors.filter(({ writtenAt }) => writtenAt !== null).toSorted(newestFirst);
  if (able.length === 0) throw nobodyLeft();
  const name = flags.node ?? (await askForName(able, workspace.startedAt, flags));
  const chosen = able.find(({ node }) => node.name === name);
  if (chosen === undefined) throw notASurvivor(name, able);
  if (able[0] !== undefined && newestFirst(able[0], chosen) < 0) {
    workspace.emit({
      type: 'finding',
      diagnostic: {
        severity: 'warning',
        code: 'older-data',
        node: name,
        message: `The data of ${able[0].node.name} are newer than those of ${name}, and will be lost.`,
        hint: `Unless you know better, take ${able[0].node.name}.`,
      },
    });
  }
  return { first: chosen.node.id };
}

/** By the count of writes where both tell it, else by the time of the last one. */
function newestFirst(a: Survivor, b: Survivor): number {
  if (a.status !== null && b.status !== null)
    return b.status.revision - a.status.revision || b.status.raftIndex - a.status.raftIndex;
  return (b.writtenAt ?? 0) - (a.writtenAt ?? 0);
}

/** As long as etcd has a leader a reset would only throw data away. */
function refuseLiving(survivors: readonly Survivor[]): void {
  const living = survivors.find(({ status }) => status !== null && status.leader !== null && !status.learner);
  if (living === undefined) return;
  throw new Rke2ctlError({
    code: 'quorum-lives',
    message: `etcd has a leader and works (so says the member of ${living.node.name}): a reset would throw away what the other members have. Nothing was done.`,
    hint: 'A member that is gone is taken out, and another brought in, by editing the file and `rke2ctl up`. To go back in time use `rke2ctl etcd snapshot-restore`.',
  });
}

async function askForName(
  survivors: readonly Survivor[],
  now: number,
  { yes }: EtcdResetFlags,
): Promise<string> {
  process.stderr.write(tableOf(survivors, now));
  if (yes === true) throw notNamed(survivors);
  const dialog = openDialog({ hint: 'Name the server with `--node NAME`, and pass `--yes`.' });
  try {
    return await dialog.ask('The data of one server become the cluster’s. Type its name to choose it', '');
  } finally {
    dialog.close();
  }
}

function tableOf(survivors: readonly Survivor[], now: number): string {
  const rows = survivors.map(({ node, status, writtenAt }) => [
    node.name,
    status === null ? '-' : String(status.revision),
    status === null ? '-' : String(status.raftIndex),
    writtenAt === null ? '-' : `${ageText(now - writtenAt)} ago`,
    status === null ? 'etcd does not answer' : 'etcd has no leader',
  ]);
  const columns = [
    { heading: 'SERVER' },
    { heading: 'REVISION', align: 'right' as const },
    { heading: 'RAFT INDEX', align: 'right' as const },
    { heading: 'LAST WRITE' },
    { heading: 'STATE' },
  ];
  return renderTable(columns, rows, outputStyle());
}

function explain(input: MaintenanceInput<ResetRequest>): readonly string[] {
  const who = participants(input);
  const first = who.servers.find(({ id }) => id === input.operation.request.first);
  const others = who.servers.filter((node) => node !== first);
  return [
    `etcd becomes a cluster of one with the data of ${first?.name}: what only other members have is lost.`,
    others.length === 0
      ? 'Nobody else is there to join it.'
      : `${others.map(({ name }) => name).join(', ')} ${others.length === 1 ? 'joins' : 'join'} it anew; ${others.length === 1 ? 'its database is' : 'their databases are'} moved aside, and stay on disk.`,
    `The containers of ${countText(who.servers.length, 'server')} are stopped meanwhile; pods on agents go on.`,
  ];
}

function namesOf(survivors: readonly Survivor[]): string {
  return survivors.map(({ node }) => node.name).join(', ');
}

function notNamed(survivors: readonly Survivor[]): Rke2ctlError {
  return new Rke2ctlError({
    code: 'node-not-named',
    message: 'Whose data become the cluster’s is not chosen by itself. Nothing was done.',
    hint: `Name one with \`--node\`: ${namesOf(survivors)}. The first has the newest data.`,
    exitCode: 3,
  });
}

function notASurvivor(name: string, survivors: readonly Survivor[]): Rke2ctlError {
  return new Rke2ctlError({
    code: 'unknown-node',
    message: `${JSON.stringify(name)} is no server that was reached and has an etcd database. Nothing was done.`,
    hint: `There are: ${namesOf(survivors)}.`,
    exitCode: 3,
  });
}

function nobodyLeft(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'no-etcd-node',
    message: 'No server was reached that has an etcd database. Nothing was done.',
    hint: 'Bring one of them back with its disk, or restore a snapshot: `rke2ctl etcd snapshot-restore`.',
  });
}
