import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient, EtcdMember } from './etcd-client.ts';
import { readEtcdLog } from './etcd-log.ts';
import { tombstonePath } from './etcd-member.ts';
import { writeFile } from './files.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { isConflict } from './kube-client.ts';
import { info, reasonOf, warn } from './log.ts';
import type { NodeContext } from './node-part.ts';
import { ETCD_FINALIZER } from './server-node.ts';
import type { ServerState } from './server-routes.ts';

const INTERVAL_MS = 500;
const LEARNER_PATIENCE_MS = 5 * 60 * 1000;
const REMOVE = 'etcd.rke2.cattle.io/remove';
const REMOVED_NAME = 'etcd.rke2.cattle.io/removed-node-name';
const MEMBER_NAME = 'etcd.rke2.cattle.io/node-name';
const STATIC_PODS = [
  'kube-apiserver',
  'kube-scheduler',
  'kube-controller-manager',
  'cloud-controller-manager',
  'etcd',
];

/**
 * What an etcd server does beside etcd: the leader's promotes learners and removes the members of deleted Nodes; every
 * one cleans up after itself when its own Node goes.
 */
export function startEtcdControllers(state: ServerState, node: NodeContext): void {
  const learners = new Map<string, number>();
  const loop = async (): Promise<void> => {
    for (;;) {
      await sleep(INTERVAL_MS);
      const { etcd } = state;
      if (etcd === undefined) continue;
      try {
        const status = await etcd.status();
        const members = await etcd.members();
        if (status.leader === status.memberId)
          await lead(state, { etcd, members, self: status.memberId, learners });
      } catch {
        // No quorum or no local etcd at the moment: nothing to be done before it is back.
      }
    }
  };
  void loop();
  void watchOwnNode(state, node);
}

interface Leadership {
  readonly etcd: EtcdClient;
  readonly members: readonly EtcdMember[];
  readonly self: string;
  readonly learners: Map<string, number>;
}

async function lead(state: ServerState, leadership: Leadership): Promise<void> {
  for (const member of leadership.members) {
    if (member.isLearner === true) await promote(leadership, member);
    else leadership.learners.delete(member.ID);
  }
  if (state.kube === undefined) return;
  const nodes = await state.kube.list<KubeObject>(
    '/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fetcd%3Dtrue',
  );
  for (const node of nodes) await handleRemoval(state.kube, leadership, node);
}

async function promote(leadership: Leadership, member: EtcdMember): Promise<void> {
  const since = leadership.learners.get(member.ID) ?? Date.now();
  leadership.learners.set(member.ID, since);
  try {
    await leadership.etcd.promote(member.ID);
    info(`Promoted learner ${member.name}`);
  } catch (error) {
    if (Date.now() - since > LEARNER_PATIENCE_MS) {
      warn(
        `Removing learner ${member.name} from etcd cluster, no progress since ${new Date(since).toISOString()}: ${reasonOf(error)}`,
      );
      await leadership.etcd.removeMember(member.ID);
    }
  }
}

async function handleRemoval(kube: KubeClient, leadership: Leadership, node: KubeObject): Promise<void> {
  const { metadata } = node;
  const isDeleted =
    metadata?.deletionTimestamp !== undefined && metadata.finalizers?.includes(ETCD_FINALIZER) === true;
  const isAsked =
    metadata?.annotations?.[REMOVE] === 'true' && metadata.annotations[REMOVED_NAME] === undefined;
  if (metadata === undefined || (!isDeleted && !isAsked)) return;
  const path = `/api/v1/nodes/${metadata.name}`;
  const name = metadata.annotations?.[MEMBER_NAME] ?? '';
  const member = leadership.members.find((entry) => entry.name === name);
  if (member !== undefined && !(await removeMember(leadership, member, metadata.name ?? '')) && !isDeleted) {
    await kube.patch(path, { metadata: { annotations: { [REMOVE]: null } } });
    return;
  }
  try {
    if (isDeleted) {
      await kube.patch(path, {
        metadata: { finalizers: metadata.finalizers?.filter((entry) => entry !== ETCD_FINALIZER) ?? [] },
      });
    } else {
      await kube.patch(path, {
        metadata: {
          annotations: {
            [REMOVED_NAME]: name,
            [MEMBER_NAME]: null,
            'etcd.rke2.cattle.io/node-address': null,
          },
        },
      });
    }
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/** False when the removal must not be: the last voter stays. Leadership is given away before the leader goes. */
async function removeMember(leadership: Leadership, member: EtcdMember, node: string): Promise<boolean> {
  const others = leadership.members.filter((entry) => entry.ID !== member.ID && entry.isLearner !== true);
  if (member.isLearner !== true && others.length === 0) {
    warn(`etcd member removal rejected, clearing remove annotation: ${node} is the only voting member`);
    return false;
  }
  if (member.ID === leadership.self) {
    info(`Moving etcd leadership from ${member.name} to ${others[0]?.name}`);
    await leadership.etcd.moveLeader(others[0]?.ID ?? '');
    throw new Error('the new leader removes this member');
  }
  info(`Removing etcd member ${member.name} from cluster due to node delete`);
  await leadership.etcd.removeMember(member.ID);
  return true;
}

/** When the own Node is deleted or asked to leave etcd, the static pods go; when the member is gone, a tombstone stays. */
async function watchOwnNode(state: ServerState, node: NodeContext): Promise<void> {
  const path = `/api/v1/nodes/${state.options.nodeName}`;
  let isMember = false;
  let wasSeen = false;
  for (;;) {
    await sleep(INTERVAL_MS);
    let isLeaving = false;
    try {
      const members = await state.etcd?.members();
      const self = (await state.etcd?.status())?.memberId;
      if (members !== undefined && self !== undefined) {
        if (isMember && !members.some((member) => member.ID === self)) isLeaving = true;
        isMember = members.some((member) => member.ID === self);
      }
      const own = await state.kube?.get<KubeObject>(path);
      if (own !== undefined) wasSeen = true;
      if (own?.metadata?.annotations?.[REMOVED_NAME] !== undefined) isLeaving = true;
    } catch (error) {
      const message = reasonOf(error);
      if (message.includes('removed from the cluster') || message.includes('member not found'))
        isLeaving = true;
      else if (isMember && wasSeen && !node.pods.isRunning('etcd')) isLeaving = wasRemoved(state);
    }
    if (!isLeaving) continue;
    info('Local Node deleted or removed from etcd cluster, cleaning up server static pods');
    writeFile(tombstonePath(state.options.paths), '');
    for (const name of STATIC_PODS) await node.pods.remove(name);
    return;
  }
}

/** etcd ends by itself when its member was removed; its last log lines say so. */
function wasRemoved(state: ServerState): boolean {
  return /the member has been permanently removed from the cluster|removed member/.test(
    readEtcdLog(state.options),
  );
}
