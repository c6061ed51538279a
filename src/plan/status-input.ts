import type { Cluster, NodeKey } from '../domain/cluster.ts';
import type { Drift, HostHealth } from '../domain/cluster-status.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';

/** Everything a status is judged from. `now` in ms since the epoch. */
export interface StatusInput {
  readonly cluster: Cluster;
  readonly state: State | null;
  readonly observed: Observed;
  /** Of the hosts that were reached. */
  readonly health: ReadonlyMap<NodeKey, HostHealth>;
  readonly drift: Drift;
  readonly now: number;
}
