import { bracketed } from '../domain/node-identity.ts';
import type { ApiNode, EtcdMember, Observed } from '../domain/observed.ts';
import type { Drift } from '../domain/plan.ts';
import { listNodes } from './list-nodes.ts';
import type { Departure } from './membership.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** Who is in the cluster and in no file: Nodes and etcd members that nobody of us brought. */
export function driftOfCluster(
  input: UpInput,
  work: readonly NodeWork[],
  departures: readonly Departure[],
): readonly Drift[] {
  const known = knownNames(input, work, departures);
  return [...nodesMore(input, known), ...membersMore(input, work, departures, known)];
}

/** By name: the file's nodes, and all that the state still has, those that leave included. */
function knownNames(
  { cluster, state }: UpInput,
  work: readonly NodeWork[],
  departures: readonly Departure[],
): ReadonlySet<string> {
  return new Set([
    ...cluster.nodes.flatMap(({ name }) => (name === null ? [] : [name])),
    ...work.map(({ desired }) => desired.planned.name),
    ...Object.values(state.nodes).map(({ name }) => name),
    ...departures.map(({ node }) => node.name),
  ]);
}

function nodesMore({ cluster, observed }: UpInput, known: ReadonlySet<string>): readonly Drift[] {
  const addresses = new Set(
    cluster.nodes.flatMap(({ address, internalAddress }) => [address, internalAddress ?? address]),
  );
  const isOfFile = (node: ApiNode) =>
    known.has(node.name) || node.internalAddresses.some((address) => addresses.has(address));
  return (listNodes(observed) ?? [])
    .filter((node) => !isOfFile(node))
    .map(({ name, internalAddresses }) => ({
      node: null,
      kind: 'node-more',
      subject: name,
      message: `the cluster has a Node ${name} (${internalAddresses.join(', ')}) that is in no file: put it into cluster.yml, or run \`kubectl delete node ${name}\``,
      mended: false,
    }));
}

function membersMore(
  input: UpInput,
  work: readonly NodeWork[],
  departures: readonly Departure[],
  known: ReadonlySet<string>,
): readonly Drift[] {
  const members = listMembers(input.observed);
  const places = new Set([
    ...work.map(({ desired }) => desired.planned.address),
    ...Object.values(input.state.nodes).map(({ clusterAddress }) => clusterAddress),
    ...departures.map(({ node }) => node.address),
    ...input.cluster.nodes.map(({ internalAddress, address }) => internalAddress ?? address),
  ]);
  const urls = new Set([...places].map((address) => `https://${bracketed(address)}:2380`));
  const seen = new Set<string>();
  return members.flatMap((member): Drift[] => {
    const owner = member.name.replace(/-[0-9a-f]{8}$/, '');
    const isAtHome = member.peerUrls.some((url) => urls.has(url));
    const isSecond = member.name !== '' && seen.has(owner);
    seen.add(owner);
    // One without a name has been added and has not started: where it stands tells whose it is.
    const isKnown = member.name === '' ? isAtHome : known.has(owner) && !isSecond;
    return isKnown ? [] : [memberMore(member)];
  });
}

/** As the first server says whose etcd answers. */
function listMembers({ hosts }: Observed): readonly EtcdMember[] {
  for (const host of Object.values(hosts)) {
    if (host.reachable && host.facts.rke2.members !== null) return host.facts.rke2.members;
  }
  return [];
}

function memberMore({ id, name, peerUrls, isLearner }: EtcdMember): Drift {
  const what = [name === '' ? 'that never started' : name, ...(isLearner ? ['a learner'] : [])].join(', ');
  return {
    node: null,
    kind: 'member-more',
    subject: name === '' ? id : name,
    message: `etcd has a member more: ${what} (${id}, ${peerUrls.join(', ')}), which is no node of this cluster; if nobody needs it, remove it with \`etcdctl member remove ${id}\``,
    mended: false,
  };
}
