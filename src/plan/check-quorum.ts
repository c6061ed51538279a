import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nodeId } from '../domain/node-identity.ts';
import type { Observed } from '../domain/observed.ts';
import type { Plan, Step } from '../domain/plan.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { QUORUM_CHECK_NAME } from './checks/catalog.ts';
import { listNodes } from './list-nodes.ts';

/**
 * Refuses whatever could leave etcd without a majority: a restart of a member while so many others are away that none is to
 * spare, and a member more or less that etcd could not agree on. A host that does not answer us counts as there while the
 * API calls it Ready.
 */
export function checkQuorum(
  cluster: Cluster,
  observed: Observed,
  state: State,
  { steps }: Plan,
): readonly Diagnostic[] {
  if (cluster.externalDatastore) return [];
  const members = Object.values(state.nodes).filter(
    ({ phase, roles }) => phase === 'joined' && roles.includes('etcd'),
  );
  if (members.length === 0) return [];
  const away = findAway(members, observed, state);
  return checkMotions(members, away, steps) ?? checkRestarts(members, away, steps);
}

function findAway(members: readonly NodeRecord[], observed: Observed, state: State): readonly NodeRecord[] {
  const reached = Object.values(observed.hosts).flatMap((host) => (host.reachable ? [host.facts] : []));
  const ids = new Set(reached.map(({ machineId }) => nodeId(state.clusterId, machineId)));
  const ready = new Set((listNodes(observed) ?? []).flatMap((node) => (node.ready ? [node.name] : [])));
  return members.filter((member) => !ids.has(member.nodeId) && !ready.has(member.name));
}

/** Counts through the run: the dead go, members come, members go; each needs a majority of those who are there. */
function checkMotions(
  members: readonly NodeRecord[],
  away: readonly NodeRecord[],
  steps: readonly Step[],
): readonly Diagnostic[] | null {
  const isMember = (step: Step) => members.some(({ nodeId: id }) => id === step.node?.id);
  const leaves = steps.filter((step) => step.kind === 'leave-cluster' && isMember(step));
  const isDead = (step: Step) => away.some(({ nodeId: id }) => id === step.node?.id);
  const going = new Set(leaves.map((step) => step.node?.id));
  const joins = steps.filter(
    (step) => step.kind === 'start-service' && step.voter && (!isMember(step) || going.has(step.node?.id)),
  );
  if (leaves.length + joins.length === 0) return null;
  let all = members.length;
  let alive = all - away.length;
  const agrees = () => alive >= majority(all);
  const lost = () => [lostMajority(members, away)];
  for (const _ of leaves.filter(isDead)) {
    if (!agrees()) return lost();
    all -= 1;
  }
  for (const _ of joins.filter((step) => !going.has(step.node?.id))) {
    if (!agrees()) return lost();
    all += 1;
    alive += 1;
  }
  for (const step of leaves.filter((each) => !isDead(each))) {
    if (!agrees()) return lost();
    all -= 1;
    alive -= 1;
    if (all < 1) return [lastMember(step.node?.name ?? '')];
    if (!agrees()) return [tooFewLeft(step.node?.name ?? '', away)];
  }
  return null;
}

function checkRestarts(
  members: readonly NodeRecord[],
  away: readonly NodeRecord[],
  steps: readonly Step[],
): readonly Diagnostic[] {
  const gone = new Set(
    steps.flatMap((step) => (step.kind === 'leave-cluster' && step.forget ? [step.node?.id] : [])),
  );
  const left = members.filter((member) => !gone.has(member.nodeId));
  const missing = away.filter((member) => !gone.has(member.nodeId));
  const least = majority(left.length);
  // With nobody to spare that is so by design, and without a majority nothing is left to lose.
  if (missing.length === 0 || left.length - missing.length !== least) return [];
  const restarting = steps.flatMap((step) =>
    step.kind === 'start-service' && step.restart && left.some(({ nodeId: id }) => id === step.node?.id)
      ? [step.node?.name ?? '']
      : [],
  );
  if (restarting.length === 0) return [];
  return [
    {
      severity: 'error',
      code: QUORUM_CHECK_NAME,
      message: `${restarting.join(', ')} would be restarted for what has changed, while ${title(missing)} ${missing.length === 1 ? 'does' : 'do'} not answer: of ${left.length} etcd members only ${least} are left, just a majority, and each restart takes it away until that server is back.`,
      hint: `Bring ${missing.length === 1 ? 'it' : 'them'} back first and run \`rke2ctl up\` again. If the change is what mends the cluster, pass \`--ignore-check ${QUORUM_CHECK_NAME}\`.`,
    },
  ];
}

function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

function lostMajority(members: readonly NodeRecord[], away: readonly NodeRecord[]): Diagnostic {
  return {
    severity: 'error',
    code: 'etcd-majority-lost',
    message: `Of ${members.length} etcd members ${title(away)} ${away.length === 1 ? 'does' : 'do'} not answer, and ${members.length - away.length} cannot agree on anything: etcd takes no member in and lets none go until a majority is back.`,
    hint: 'Bring one of them back and run `rke2ctl up` again. If they are gone for good, only a reset of the cluster to one member, or a restore from a snapshot, can help.',
  };
}

function lastMember(name: string): Diagnostic {
  return {
    severity: 'error',
    code: 'etcd-last-member',
    node: name,
    message: `${name} is the last member of etcd, and nobody takes its place in this run: with it all data of the cluster would be gone.`,
    hint: 'Leave it in the file with the role `etcd` until another etcd node has joined.',
  };
}

function tooFewLeft(name: string, away: readonly NodeRecord[]): Diagnostic {
  return {
    severity: 'error',
    code: 'etcd-too-few-left',
    node: name,
    message: `If ${name} went now, the members left would be no majority: ${title(away)} ${away.length === 1 ? 'does' : 'do'} not answer.`,
    hint: `Bring ${away.length === 1 ? 'it' : 'them'} back, or take ${away.length === 1 ? 'it' : 'them'} out of the file first, and run \`rke2ctl up\` again.`,
  };
}

function title(records: readonly NodeRecord[]): string {
  return records.map(({ name, address }) => `${name} (${address})`).join(', ');
}
