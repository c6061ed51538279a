import type { NodeChanges } from './compare-node.ts';
import type { Draft } from './draft-step.ts';
import type { HostTies } from './host-ties.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** Empties the node before its service starts anew. */
export function drainStep({ cluster }: UpInput, ties: HostTies): Draft<'drain'> {
  return {
    kind: 'drain',
    reason: 'its service starts anew, and the file asks to empty it first (upgrade_strategy.drain)',
    via: ties.planes,
    input: cluster.upgrade.drainInput,
    needs: ties.motion.needs,
    after: [...ties.motion.after, ...ties.staged],
  };
}

/** Also for a node that an earlier run had emptied and then lost. */
export function uncordonStep(
  work: NodeWork,
  isDrained: boolean,
  ties: HostTies,
): readonly Draft<'uncordon'>[] {
  if (!isDrained && !work.isCordonedByUs) return [];
  return [
    {
      kind: 'uncordon',
      reason: isDrained ? 'its service is back' : 'a run that was cut off had cordoned it',
      via: ties.planes,
    },
  ];
}

/** It was away when etcd was made anew: with its old database it would wait for its old peers for ever. */
export function asideStep({ record }: NodeWork): readonly Draft<'move-database'>[] {
  if (record?.leftBehind === undefined) return [];
  return [
    {
      kind: 'move-database',
      reason: 'it was away when etcd was made anew, and its database is of before',
      mark: record.leftBehind,
    },
  ];
}

/** RKE2 does not start where etcd knows its only member by another address than the host has. */
export function moveSteps({ move }: NodeWork, { motion }: HostTies): readonly Draft[] {
  if (move?.how !== 'reset') return [];
  return [
    {
      kind: 'stop-service',
      reason: 'its database is copied, and then changed while nothing runs',
      containers: true,
      ...motion,
    },
    {
      kind: 'reset-etcd',
      reason: 'etcd knows its only member by the address that it had before',
      snapshot: null,
      mark: move.mark,
      leftBehind: [],
      forgotten: [],
    },
  ];
}

/** Starts the service, or starts it anew; a first start of all but the first server joins `joinable`. */
export function startStep({ desired, changes }: NodeWork, ties: HostTies): readonly Draft<'start-service'>[] {
  if (changes.start === null) return [];
  const node = desired.planned;
  const { joinable, matrixId, motion, formers } = ties;
  const joins = changes.start === 'first' && !desired.bootstraps && joinable?.key !== node.key;
  const target = joins ? joinable : null;
  return [
    {
      kind: 'start-service',
      reason: START_REASONS[changes.start],
      join: target === null ? null : { key: target.key, address: target.address },
      voter: node.roles.includes('etcd'),
      restart: changes.restart,
      needs: [...motion.needs, ...formers, ...(matrixId === null ? [] : [matrixId])],
      after: motion.after,
    },
  ];
}

const START_REASONS: Readonly<Record<NonNullable<NodeChanges['start']>, string>> = {
  first: 'the service has not been READY yet',
  unseen: 'a run that was cut off did not see it READY',
  stopped: 'the service is not running, or not enabled',
  changed: 'what it reads only at start has changed',
  moved: 'it has another address',
  stranded: 'the servers through which it reached the cluster have other addresses',
  unregistered: 'its Node is gone from the cluster, and comes back when the service starts',
};
