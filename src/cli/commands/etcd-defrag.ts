import type { ExitCode } from '../../domain/errors.ts';
import type { Plan, PlannedNode } from '../../domain/plan.ts';
import { readEtcdStatus } from '../../host/etcd-maintenance.ts';
import { type DefragRequest, planEtcdDefrag } from '../../plan/maintenance/etcd-defrag.ts';
import { members } from '../../plan/maintenance/members.ts';
import { countText } from '../../ui/table.ts';
import type { MaintenanceFlags } from '../flags.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl etcd defrag`: the members give free space back to their disks, one after the other, the leader last. */
export function etcdDefrag(flags: MaintenanceFlags): Promise<ExitCode> {
  return runMaintenance<DefragRequest>(
    {
      verb: 'etcd defrag',
      asked: null,
      settle: (_asked, scene, workspace) => settle(scene, workspace),
      plan: planEtcdDefrag,
      explain: (input, plan) => explain(plan, members(input).servers),
    },
    flags,
  );
}

function explain({ steps }: Plan, servers: readonly PlannedNode[]): readonly string[] {
  const nodes = steps.flatMap(({ kind, node }) => (kind === 'defragment' && node !== null ? [node] : []));
  const time = 'seconds for a small database, a minute or more for gigabytes';
  const isOnly = servers.filter(({ roles }) => roles.includes('etcd')).length === 1;
  if (isOnly)
    return [`etcd writes its database anew, and answers nobody meanwhile, nor does the API: ${time}.`];
  return [
    `${countText(nodes.length, 'etcd member')} ${nodes.length === 1 ? 'writes its database' : 'write their databases'} anew, one after the other; each answers nobody meanwhile: ${time}.`,
  ];
}

async function settle(scene: Scene, { cluster, sessions, signals }: Workspace): Promise<DefragRequest> {
  const etcd = members({ ...scene, cluster }).servers.filter(({ roles }) => roles.includes('etcd'));
  const statuses = await Promise.all(
    etcd.map(async ({ key, name }) => ({
      name,
      status: await readEtcdStatus(sessions.get(key), { dataDir: cluster.dataDir, signal: signals.stop }),
    })),
  );
  const leader = statuses.find(({ status }) => status !== null && status.leader === status.id);
  return { leader: leader?.name ?? null };
}
