import type { Cluster } from '../../domain/cluster.ts';
import { StateError } from '../../domain/errors.ts';
import type { Observed } from '../../domain/observed.ts';
import type { StateCopy } from '../../domain/state-copy.ts';
import { readStateCopy } from '../../host/state-secret.ts';
import { factsOf } from '../../render/desired-node.ts';
import { parseStateDocument } from '../../state/state-document.ts';
import type { Workspace } from '../workspace.ts';

/** The cluster's copy of the state as it is called in messages. */
export const COPY_NAME = 'The copy in the cluster (Secret kube-system/rke2ctl-state)';

/** What the latest copy of that cluster's state says of itself; null when no server showed one. */
export function newestCopy(cluster: Cluster, observed: Observed, clusterId: string): StateCopy | null {
  const copies = cluster.nodes
    .flatMap(({ key }) => factsOf(observed, key)?.rke2.stateCopy ?? [])
    .filter((copy) => copy.clusterId === clusterId);
  return copies.reduce<StateCopy | null>(
    (best, copy) => (best === null || copy.serial > best.serial ? copy : best),
    null,
  );
}

/** A server whose API answers, or null. */
export function answeringServer(cluster: Cluster, observed: Observed): string | null {
  const nodes = cluster.nodes.filter(({ key }) => factsOf(observed, key)?.rke2.apiAnswers === true);
  // One that showed a copy has proven that it can be asked.
  const best = nodes.find(({ key }) => (factsOf(observed, key)?.rke2.stateCopy ?? null) !== null) ?? nodes[0];
  return best?.key ?? null;
}

/** A copy of the state that was fetched whole. */
export interface FetchedCopy extends StateCopy {
  /** As it is stored: sealed if it is sealed, else with readable tokens. */
  readonly text: string;
}

/** Fetches the cluster's copy through that server; null when there is none. StateError when it is not whole. */
export async function fetchCopy(workspace: Workspace, key: string): Promise<FetchedCopy | null> {
  const text = await readStateCopy(workspace.sessions.get(key), {
    dataDir: workspace.cluster.dataDir,
    signal: workspace.signals.stop,
  });
  if (text === null) return null;
  const { clusterId, serial, checksum } = parseStateDocument(text, COPY_NAME);
  return { text, clusterId, serial, checksum };
}

/** Nobody in the cluster can be asked for the copy now. */
export function noServerAnswers(what: string): StateError {
  return new StateError({
    code: 'state-copy-unreachable',
    message: `None of the cluster's servers has an API that answers, so the state cannot be ${what}.`,
    hint: 'Make a control plane run again (`systemctl status rke2-server` there) and repeat the command; without one, `rke2ctl state rebuild` makes a lost state from what lies on the hosts.',
    exitCode: 4,
  });
}
