import type { NodeKey } from '../domain/cluster.ts';
import type { Observed } from '../domain/observed.ts';
import type { PlannedNode } from '../domain/plan.ts';
import { isPlaneNow } from './is-plane-now.ts';
import type { Departure } from './membership.ts';
import type { NodeWork } from './up-input.ts';

/** Where the cluster can be asked for something while the plan runs: those who stay and are up first, who go last. */
export interface ServicePlaces {
  /** Control planes, for kubectl. */
  readonly planes: readonly NodeKey[];
  /** Etcd servers, for their member list. */
  readonly members: readonly NodeKey[];
  /** A member in service that stays, to save snapshots on; null where none does. */
  readonly snapshots: PlannedNode | null;
}

/** Finds them among the nodes of the file and those that go. */
export function findServicePlaces(
  work: readonly NodeWork[],
  departures: readonly Departure[],
  observed: Observed,
): ServicePlaces {
  const going = departures.filter(({ facts }) => facts !== null);
  const staying = work
    .filter(({ rejoins }) => rejoins === null)
    .toSorted((a, b) => readiness(a) - readiness(b));
  const coming = work.filter(({ rejoins }) => rejoins !== null);
  const keys = (role: 'etcd' | 'controlplane') => [
    ...new Set([
      ...[...staying, ...coming]
        .map(({ desired }) => desired.planned)
        .filter(({ roles }) => roles.includes(role))
        .map(({ key }) => key),
      ...going.filter(({ node }) => node.roles.includes(role)).map(({ node }) => node.key),
      ...(role === 'controlplane' ? staying.filter((each) => isPlaneNow(each, observed)) : []).map(
        ({ desired }) => desired.planned.key,
      ),
    ]),
  ];
  // One that is down is started before anything that wants a snapshot.
  const member = staying.find(({ record }) => record?.phase === 'joined' && record.roles.includes('etcd'));
  return {
    planes: keys('controlplane'),
    members: keys('etcd'),
    snapshots: member?.desired.planned ?? null,
  };
}

function readiness({ changes, record }: NodeWork): number {
  if (record?.phase !== 'joined') return 2;
  return changes.start === null ? 0 : 1;
}
