import type { Cluster } from '../../domain/cluster.ts';
import type { Marker } from '../../domain/marker.ts';
import type { Observed } from '../../domain/observed.ts';
import type { State } from '../../domain/state.ts';
import type { StateCopy } from '../../domain/state-copy.ts';
import { factsOf } from '../../render/desired-node.ts';
import { stateDiffers, stateMissing, stateOfOtherCluster, stateOlder } from '../../state/state-errors.ts';
import type { Workspace } from '../workspace.ts';
import { newestCopy } from './state-copies.ts';

/**
 * Rejects with StateError when the state on disk is not the one to go on from: lost, of another cluster, or older than
 * the cluster's copy. Damage of the file itself is noticed where it is read. Each error names the one command that helps.
 */
export async function refuseIllState(
  { cluster, paths, store }: Workspace,
  observed: Observed,
  stored: State | null,
): Promise<void> {
  const marked = readMarkers(cluster, observed);
  const copyOf = (clusterId: string) => newestCopy(cluster, observed, clusterId);
  if (stored === null) return refuseLost(paths.state, marked, copyOf);
  refuseForeign(paths.state, cluster, stored, marked, copyOf);
  const copy = copyOf(stored.clusterId);
  if (copy === null || copy.serial < stored.serial) return;
  if (copy.serial > stored.serial) throw stateOlder(paths.state, stored.serial, copy.serial);
  const { checksum } = JSON.parse(await store.text()) as { readonly checksum: string };
  if (checksum !== copy.checksum) throw stateDiffers(paths.state, stored.serial);
}

type CopyOf = (clusterId: string) => StateCopy | null;

interface Marked {
  readonly key: string;
  readonly marker: Marker;
}

function readMarkers(cluster: Cluster, observed: Observed): readonly Marked[] {
  return cluster.nodes.flatMap(({ key }) => {
    const marker = factsOf(observed, key)?.rke2.marker;
    return marker === null || marker === undefined || marker === 'unreadable' ? [] : [{ key, marker }];
  });
}

/** A new state for hosts of a cluster would make a second cluster on top of the first. */
function refuseLost(path: string, marked: readonly Marked[], copyOf: CopyOf): void {
  const [first] = marked;
  if (first === undefined) return;
  const where = marked.length === 1 ? first.key : `${marked.length} hosts`;
  throw stateMissing(path, where, titleOf(first.marker), copyOf(first.marker.clusterId) !== null);
}

/** A host or two of another cluster are a mistake in cluster.yml; when most are, and none is ours, the state is it. */
function refuseForeign(
  path: string,
  cluster: Cluster,
  stored: State,
  marked: readonly Marked[],
  copyOf: CopyOf,
): void {
  const [first] = marked;
  if (first === undefined || 2 * marked.length <= cluster.nodes.length) return;
  const owner = first.marker.clusterId;
  if (owner === stored.clusterId || marked.some(({ marker }) => marker.clusterId !== owner)) return;
  const ours = titleOf(stored);
  throw stateOfOtherCluster(path, ours, titleOf(first.marker), copyOf(owner) !== null);
}

function titleOf({ clusterName, clusterId }: { readonly clusterName: string; readonly clusterId: string }) {
  return `${clusterName} (${clusterId.slice(0, 8)})`;
}
