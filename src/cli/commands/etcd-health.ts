import type { ExitCode } from '../../domain/errors.ts';
import { listMembers } from '../../host/etcd.ts';
import { readEtcdAlarms, readEtcdStatus } from '../../host/etcd-maintenance.ts';
import { judgeEtcd, type MemberAnswer } from '../../plan/judge-etcd.ts';
import { renderEtcdHealth } from '../../ui/etcd-health-view.ts';
import type { CommonFlags } from '../flags.ts';
import { readKnownNodes } from '../nodes/known-nodes.ts';
import { onNodes } from '../nodes/on-nodes.ts';
import { selectNodes } from '../nodes/select-nodes.ts';
import { outputStyle } from '../output-style.ts';
import { refuseExternal } from '../snapshots/gather-snapshots.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl etcd health`: what each etcd member says of itself, asked on its own node. Exit 4 when one does not answer, has
 * no leader, raises an alarm, or when they do not agree.
 */
export function etcdHealth(flags: CommonFlags): Promise<ExitCode> {
  const options = { command: 'etcd health', flags, locks: false, stopping: null } as const;
  return withWorkspace(options, async ({ cluster, connect, connectWindow, signals, store }) => {
    refuseExternal(cluster);
    const signal = signals.stop;
    const selected = selectNodes([], cluster, await readKnownNodes(store));
    const etcd = selected.filter(({ node }) => node.roles.includes('etcd'));
    const call = { dataDir: cluster.dataDir, signal };
    const outcomes = await onNodes(etcd, { connect, window: connectWindow, signal }, async ({ host }) => {
      const status = await readEtcdStatus(host, call);
      if (status === null) return { status, alarms: null, members: null };
      const [alarms, members] = await Promise.all([
        readEtcdAlarms(host, call),
        listMembers(host, call).catch(() => null),
      ]);
      return { status, alarms, members };
    });
    if (signal.aborted) return 130;
    const answers = outcomes.map(({ label, value, failure }): MemberAnswer => {
      const { status = null, alarms = null, members = null } = value ?? {};
      return { node: label, status, alarms, members, failure: failure?.message ?? null };
    });
    const report = judgeEtcd(answers);
    process.stdout.write(
      flags.output === 'json' ? `${JSON.stringify(report)}\n` : renderEtcdHealth(report, outputStyle()),
    );
    return report.healthy ? 0 : 4;
  });
}
