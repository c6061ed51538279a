import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import { listSnapshots } from '../../host/snapshots.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { members } from '../../plan/maintenance/members.ts';
import { planSnapshotSave, type SnapshotSaveRequest } from '../../plan/maintenance/snapshot-save.ts';
import { factsOf } from '../../render/desired-node.ts';
import { type Conclusion, runMaintenance, type Scene } from '../run-maintenance.ts';
import { refuseExternal } from '../snapshots/gather-snapshots.ts';
import type { SnapshotSaveFlags } from '../snapshots/snapshot-flags.ts';
import type { Workspace } from '../workspace.ts';

/** What RKE2 itself calls snapshots that somebody asks for. */
const DEFAULT_NAME = 'on-demand';

/** `rke2ctl etcd snapshot-save`: one etcd node, or each that is named, takes a snapshot; with S3 a copy goes there. */
export function snapshotSave(flags: SnapshotSaveFlags): Promise<ExitCode> {
  const name = nameOf(flags);
  const isNothing = flags.name === undefined && flags.node === undefined;
  return runMaintenance<SnapshotSaveRequest>(
    {
      verb: 'etcd snapshot-save',
      asked: isNothing ? null : ({ name } as SnapshotSaveRequest),
      settle: (_asked, scene, workspace) => settle(name, flags.node ?? [], scene, workspace),
      plan: planSnapshotSave,
      explain,
      conclude,
      mayReplace: ({ verb }) => verb === 'etcd snapshot-save',
    },
    flags,
  );
}

/** It becomes the name of a file, of an object in S3 and of one in the API. */
function nameOf({ name = DEFAULT_NAME }: SnapshotSaveFlags): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/.test(name)) return name;
  throw new Rke2ctlError({
    code: 'snapshot-name',
    message: `${JSON.stringify(name)} cannot be the name of a snapshot.`,
    hint: 'Use letters, digits, `-`, `.` and `_`, at most 100 of them, with a letter or digit at both ends.',
    exitCode: 3,
  });
}

/** Asks each node that is to take one for what it has: what stands against it, such as S3, is told before anything is begun. */
async function settle(
  name: string,
  wanted: readonly string[],
  scene: Scene,
  workspace: Workspace,
): Promise<SnapshotSaveRequest> {
  refuseExternal(workspace.cluster);
  const takers = chooseTakers(wanted, scene, workspace);
  const listed = await Promise.all(
    takers.map(({ key }) => listSnapshots(workspace.sessions.get(key), { signal: workspace.signals.stop })),
  );
  const present = [...new Set(listed.flat().map((snapshot) => snapshot.name))].filter((full) =>
    full.startsWith(`${name}-`),
  );
  return { name, nodes: takers.map((node) => node.name), present };
}

function chooseTakers(
  wanted: readonly string[],
  { observed, state }: Scene,
  { cluster }: Workspace,
): readonly PlannedNode[] {
  const { servers } = members({ cluster, observed, state });
  const living = servers.filter(({ key, roles }) => {
    const facts = factsOf(observed, key);
    return roles.includes('etcd') && facts?.rke2.server.active === 'active' && facts.rke2.members !== null;
  });
  const names = living.map((node) => node.name);
  const away = wanted.find((name) => name !== 'all' && !names.includes(name));
  if (away !== undefined || living.length === 0) {
    throw new Rke2ctlError({
      code: 'no-living-etcd',
      message:
        away === undefined
          ? 'No etcd node runs that could take a snapshot.'
          : `\`--node ${away}\` names no etcd node that runs and was reached.`,
      hint:
        names.length > 0
          ? `There are: ${names.join(', ')}; or \`all\`.`
          : '`rke2ctl etcd snapshot-list` shows the snapshots there are; `rke2ctl up` starts what can be started.',
      exitCode: names.length > 0 ? 3 : 4,
    });
  }
  if (wanted.length === 0) return living.slice(0, 1);
  return wanted.includes('all') ? living : living.filter((node) => wanted.includes(node.name));
}

/** RKE2 makes the full name; it is what a restore wants to be told. */
async function conclude(
  { observed, state, cluster, operation }: MaintenanceInput<SnapshotSaveRequest>,
  { sessions, signals }: Workspace,
): Promise<Conclusion> {
  const { name, nodes, present } = operation.request;
  const takers = members({ cluster, observed, state }).servers.filter((node) => nodes.includes(node.name));
  const listed = await Promise.all(
    takers.map(({ key }) => listSnapshots(sessions.get(key), { signal: signals.stop })),
  );
  const isNew = (full: string) => full.startsWith(`${name}-`) && !present.includes(full);
  const saved = [...new Set(listed.flat().map((each) => each.name))].filter(isNew);
  return { words: `Saved: ${saved.join(', ')}`, facts: { saved } };
}

function explain({ cluster, operation }: MaintenanceInput<SnapshotSaveRequest>): readonly string[] {
  const { name, nodes } = operation.request;
  const s3 = cluster.rke2.server['etcd-s3'] === true ? ', and a copy goes to S3' : '';
  return [
    `The etcd snapshot ${name} is saved on ${nodes.join(' and ')}${s3}. Nothing restarts, and the cluster goes on.`,
  ];
}
