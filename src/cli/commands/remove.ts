import type { Cluster } from '../../domain/cluster.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import type { Observed } from '../../domain/observed.ts';
import { factsOf } from '../../render/desired-node.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { RemoveFlags } from '../flags.ts';
import { refuseUnattended } from '../refuse-unattended.ts';
import { runRemove } from '../run-remove.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl remove`: takes the cluster away. Exit 0 when every host is clean, 4 when some could not be. */
export async function remove(flags: RemoveFlags): Promise<ExitCode> {
  refuseUnattended('remove', flags, '`rke2ctl status` shows what is there.');
  return withWorkspace({ command: 'remove', flags, locks: true }, async (workspace) => {
    if (flags.keepSnapshots !== undefined) refuseForeignData(workspace.cluster);
    const result = await runRemove(workspace, {
      concurrency: flags.concurrency,
      keepSnapshots: flags.keepSnapshots ?? null,
      ignoreUnreachable: flags.ignoreUnreachable === true,
      confirm: (observed) => confirm(workspace, observed, flags),
    });
    return exitCodeOf(result);
  });
}

/** Snapshots are of RKE2's own etcd; of a datastore outside there are none that RKE2 could take or bring back. */
function refuseForeignData({ externalDatastore }: Cluster): void {
  if (!externalDatastore) return;
  throw new Rke2ctlError({
    code: 'no-own-etcd',
    message:
      '`--keep-snapshots` fetches snapshots of the etcd that RKE2 runs, and this cluster has none: its data lie in an external datastore. Nothing was removed.',
    hint: 'Leave the flag out: the data stay where they are. To keep a copy, back the datastore up by its own means (for etcd: `etcdctl snapshot save`).',
    exitCode: 3,
  });
}

/** Says what will be gone, snapshots by name, and asks; with --yes it only says so. Snapshots in S3 are left alone. */
async function confirm(workspace: Workspace, observed: Observed, flags: RemoveFlags): Promise<void> {
  const snapshots =
    flags.keepSnapshots !== undefined
      ? []
      : workspace.cluster.nodes.flatMap((node) =>
          (factsOf(observed, node.key)?.rke2.snapshots ?? []).map(({ name }) => `${name} on ${node.key}`),
        );
  const lost =
    snapshots.length === 0
      ? ''
      : `These etcd snapshots go with it (\`--keep-snapshots DIR\` fetches them first): ${snapshots.join(', ')}.`;
  if (flags.yes === true) {
    if (lost !== '') workspace.emit({ type: 'notice', message: lost });
    return;
  }
  const { name, nodes } = workspace.cluster;
  const hosts = nodes.length === 1 ? 'its host' : `its ${nodes.length} hosts`;
  if (await workspace.ask(`${lost} Remove the cluster ${name} from ${hosts}, with all its data?`.trim()))
    return;
  throw new Rke2ctlError({
    code: 'declined',
    message: 'Nothing was removed.',
    hint: 'That was your answer; `--yes` does not ask.',
    exitCode: 0,
  });
}
