import type { Diagnostic } from '../../domain/diagnostic.ts';
import { nodeKey } from '../../domain/node-identity.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import type { NodeRecord } from '../../domain/state.ts';
import { factsOf } from '../../render/desired-node.ts';
import { isServer } from '../../rke2/roles.ts';
import { QUORUM_ELSEWHERE_CHECK_NAME } from '../checks/catalog.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import type { Participants } from './participants.ts';

/** What stands against making etcd anew, and who is left out of it. `first`: the node on which it is done, if it is there. */
export function checkParticipants(
  input: MaintenanceInput,
  who: Participants,
  first: PlannedNode | null,
): readonly Diagnostic[] {
  const command = `rke2ctl ${input.operation.verb}`;
  const living = livingOutside(input, who);
  return [
    ...(first === null ? [firstAway(input, command)] : []),
    ...checkQuorumElsewhere(who),
    ...who.leftBehind.map(serverAway),
    ...who.awayAgents.map(
      ({ name, address }): Diagnostic => ({
        severity: 'warning',
        code: 'host-away',
        node: name,
        message: `${name} (${address}) was not reached and is left out.`,
        hint: `When it is back and its Node does not get Ready, run \`rke2ctl up\`.`,
      }),
    ),
    ...who.unprepared.map(
      ({ key, name, address }): Diagnostic => ({
        severity: 'warning',
        code: 'node-left-out',
        node: key,
        message: `${name ?? address} is in the file and not yet in the cluster; it is left out.`,
        hint: 'The next `rke2ctl up` brings it in.',
      }),
    ),
    ...who.forgotten.map((record) => checkForgotten(record, living.includes(record), command)),
  ];
}

function firstAway({ operation, state }: MaintenanceInput, command: string): Diagnostic {
  const id = operation.request['first'];
  const name = typeof id === 'string' ? state.nodes[id]?.name : undefined;
  return {
    severity: 'error',
    code: 'host-away',
    message: `${name ?? 'The server on which etcd was to be made anew'} cannot be reached now${operation.done.length > 0 ? ', in the middle of it' : ''}.`,
    hint: `Bring it back and run \`${command}\` again. If it is gone for good, name the snapshot again: \`${command} NAME\` begins anew on another server.`,
  };
}

/** Members that are only away from here may live on together, and agents with them: then there would be two clusters. */
export function checkQuorumElsewhere({
  leftBehind,
  forgotten,
  servers,
  fresh,
}: Participants): readonly Diagnostic[] {
  const hasEtcd = ({ roles }: Pick<NodeRecord, 'roles'>) => roles.includes('etcd');
  const here = servers.filter((node) => hasEtcd(node) && !fresh.includes(node.name)).length;
  const away = [...leftBehind, ...forgotten].filter((each) => hasEtcd(each) && each.phase === 'joined');
  // Of machines that the file does not name any more nobody expects that they live.
  const expected = leftBehind.filter((each) => hasEtcd(each) && each.phase === 'joined');
  if (expected.length === 0 || away.length <= (here + away.length) / 2) return [];
  const names = expected.map(({ name, address }) => `${name} (${address})`).join(', ');
  return [
    {
      severity: 'error',
      code: QUORUM_ELSEWHERE_CHECK_NAME,
      message: `${names} cannot be reached from here. Together they are a majority of etcd: if they only cannot be reached, they go on as the cluster while another one is made here, and agents and load balancers will follow one or the other.`,
      hint: 'Bring the network back, or make sure that they are off. If they are gone for good, take them out of the file, or let this pass with `--ignore-check quorum-elsewhere`.',
    },
  ];
}

function serverAway({ name, address }: NodeRecord): Diagnostic {
  return {
    severity: 'warning',
    code: 'server-left-behind',
    node: name,
    message: `${name} (${address}) was not reached and is left out: etcd will have no member of it, and its Node is deleted.`,
    hint: 'When it is back, run `rke2ctl up`: it stops what runs there of before, moves its database aside and lets it join.',
  };
}

/** Of machines that the file does not name any more, those that still run as servers of this cluster. */
export function livingOutside(
  { observed, state }: Pick<MaintenanceInput, 'observed' | 'state'>,
  { forgotten }: Participants,
): readonly NodeRecord[] {
  return forgotten.filter(({ address, port, nodeId, phase, roles }) => {
    const facts = factsOf(observed, nodeKey(address, port));
    const runs = facts !== null && facts.rke2.server.active === 'active' && phase === 'joined';
    return runs && isServer(roles) && state.nodes[nodeId]?.machineId === facts.machineId;
  });
}

function checkForgotten({ name, address }: NodeRecord, isLiving: boolean, command: string): Diagnostic {
  if (isLiving) {
    return {
      severity: 'error',
      code: 'membership-pending',
      node: name,
      message: `${name} (${address}) is still a member and runs, but the file does not name it any more.`,
      hint: `Put it back into the file until \`${command}\` is through, or run \`rke2ctl up\` first.`,
    };
  }
  return {
    severity: 'warning',
    code: 'node-forgotten',
    node: name,
    message: `${name} (${address}) is not in the file any more, or another machine stands in its place: its Node and its record are deleted.`,
    hint: 'If that host ever runs again, run `rke2-killall.sh` and `rke2-uninstall.sh` there before anything else: it still thinks that it is a member.',
  };
}
