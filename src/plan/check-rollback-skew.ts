import type { Diagnostic } from '../domain/diagnostic.ts';
import { nodeId } from '../domain/node-identity.ts';
import type { NodeRecord } from '../domain/state.ts';
import type { DesiredInput } from '../render/desired-node.ts';
import { etcdMinor } from '../rke2/etcd-version.ts';
import { isServer } from '../rke2/roles.ts';
import { countMinorsBetween, parseVersion, type Rke2Version } from '../rke2/version.ts';
import { KUBELET_SKEW } from './check-version.ts';
import { type GoingBack, unitOf } from './going-back.ts';
import { listNodes } from './list-nodes.ts';

/** What is asked of one node: from where to where, and who is there beside it. */
interface Retreat {
  readonly node: GoingBack;
  readonly name: string;
  /** What it had, and what it is to leave, as tags and read. */
  readonly before: string;
  readonly now: string;
  readonly old: Rke2Version;
  readonly others: readonly Other[];
  readonly snapshot: string | null;
}

interface Other {
  readonly record: NodeRecord;
  readonly text: string;
  readonly version: Rke2Version;
}

/**
 * What Kubernetes and etcd say to a node going back beside all others. An older kubelet may serve newer API servers, three
 * minor versions at most. A server may go back over a minor version only as long as it has not been READY on the newer one:
 * from then on it has written what the older one may not understand; and only if its etcd can read its data.
 */
export function checkRollbackSkew(input: DesiredInput, node: GoingBack): readonly Diagnostic[] {
  const before = node.facts.rke2.previous ?? '';
  const now = node.present ?? input.version;
  const old = parseVersion(before);
  const present = parseVersion(now);
  if (old === null || present === null) return [];
  const { name, roles } = node.desired.planned;
  const retreat: Retreat = {
    node,
    name,
    before,
    now,
    old,
    others: othersOf(input, node),
    snapshot: snapshotBefore(input),
  };
  if (!isServer(roles)) return checkKubelet(retreat);
  // Patches and builds of one minor version read each other's data.
  if (countMinorsBetween(old, present) === 0) return [];
  return checkServer(retreat);
}

function othersOf({ observed, state }: DesiredInput, node: GoingBack): readonly Other[] {
  const list = listNodes(observed);
  const programs = new Map(
    Object.values(observed.hosts).flatMap((host) =>
      host.reachable
        ? [[nodeId(state.clusterId, host.facts.machineId), host.facts.rke2.binaries[0]?.version ?? '']]
        : [],
    ),
  );
  return Object.values(state.nodes).flatMap((record) => {
    if (record.phase !== 'joined' || record.nodeId === node.desired.planned.id) return [];
    // Agents count by what their kubelet is; of a server what it would run matters, be it READY or not.
    const listed = list?.find((each) => each.name === record.name)?.version;
    const program = programs.get(record.nodeId);
    const text = (isServer(record.roles) ? (program ?? listed) : (listed ?? program)) ?? '';
    const version = parseVersion(text);
    return version === null ? [] : [{ record, text, version }];
  });
}

function checkKubelet(retreat: Retreat): readonly Diagnostic[] {
  const planes = retreat.others.filter(({ record }) => record.roles.includes('controlplane'));
  for (const plane of planes) {
    const behind = countMinorsBetween(retreat.old, plane.version);
    if (behind === null || behind < 0) return [kubeletTooNew(retreat, plane)];
    if (behind > KUBELET_SKEW) return [kubeletTooOld(retreat, plane)];
  }
  return [];
}

function checkServer(retreat: Retreat): readonly Diagnostic[] {
  const { node, old, others } = retreat;
  if (hasBeenReady(node)) return [wasReady(retreat)];
  if (isOfEarlier(retreat)) return [isEarlier(retreat)];
  const { roles } = node.desired.planned;
  if (roles.includes('etcd') && !canReadData(retreat)) return [etcdTooNew(retreat)];
  if (!roles.includes('controlplane')) return [];
  const newer = others.find(
    ({ record, version }) => !isServer(record.roles) && (countMinorsBetween(old, version) ?? 1) > 0,
  );
  if (newer !== undefined) return [agentTooNew(retreat, newer)];
  const isAlone = others.every(({ record }) => !record.roles.includes('controlplane'));
  return isAlone ? [mayHaveWritten(retreat)] : [];
}

/** `active` is READY; and the state knows what a service last got READY with, which is nothing from `install` on. */
function hasBeenReady(node: GoingBack): boolean {
  const started = node.record?.startedWith;
  return unitOf(node).active === 'active' || (started !== undefined && started !== '');
}

/** Servers skip no minor version: what is more than one behind was put by before they had the one between. */
function isOfEarlier({ old, now }: Retreat): boolean {
  const present = parseVersion(now);
  return present === null || (countMinorsBetween(old, present) ?? 2) > 1;
}

/** A cluster of etcd marks its data as newer only once every member is newer. */
function canReadData({ old, now, others }: Retreat): boolean {
  const present = parseVersion(now);
  const etcd = etcdMinor(old);
  if (etcd !== null && present !== null && etcd === etcdMinor(present)) return true;
  return others.some(
    ({ record, version }) => record.roles.includes('etcd') && (countMinorsBetween(version, old) ?? -1) >= 0,
  );
}

/** The newest snapshot that an upgrade saved before it began. */
function snapshotBefore({ observed }: DesiredInput): string | null {
  const names = Object.values(observed.hosts).flatMap((host) =>
    host.reachable ? host.facts.rke2.snapshots.map(({ name }) => name) : [],
  );
  const serial = (name: string) => Number(/^rke2ctl-(\d+)-upgrade/.exec(name)?.[1] ?? -1);
  return names.filter((name) => serial(name) >= 0).sort((a, b) => serial(b) - serial(a))[0] ?? null;
}

function wayOut(retreat: Retreat): string {
  const mend = 'Mend what keeps it from coming up and run `rke2ctl up`.';
  const isUp = unitOf(retreat.node).active === 'active';
  return `${isUp ? '' : `${mend} `}${wayBack(retreat)}`;
}

function wayBack({ before, snapshot }: Retreat): string {
  const which = snapshot === null ? 'a snapshot' : `the snapshot ${snapshot},`;
  return `The only way back is ${which} from before the upgrade, restored with ${before} on all servers.`;
}

function refuse({ name }: Retreat, code: string, message: string, hint: string): Diagnostic {
  return { severity: 'error', code, node: name, message, hint };
}

function wasReady(retreat: Retreat): Diagnostic {
  const { name, now, before } = retreat;
  return refuse(
    retreat,
    'rollback-server-was-ready',
    `${name} has been READY with ${now}. A server does not go back to ${before} then: what the newer API server has written into etcd may be lost on the older, and Kubernetes allows no way back over a minor version.`,
    wayOut(retreat),
  );
}

function isEarlier(retreat: Retreat): Diagnostic {
  const { name, now, before } = retreat;
  return refuse(
    retreat,
    'rollback-nothing',
    `What is kept on ${name} is ${before}, from an upgrade before the one to ${now}: the version between has written into etcd since.`,
    wayOut(retreat),
  );
}

function etcdTooNew(retreat: Retreat): Diagnostic {
  const { name, now, before, old } = retreat;
  const versions = [etcdMinor(old), etcdMinor(parseVersion(now) ?? old)];
  const why = versions.includes(null) ? 'may be another' : `is ${versions[1]} and was ${versions[0]}`;
  return refuse(
    retreat,
    'rollback-etcd-newer',
    `The etcd of ${now} ${why}, and no other etcd member has ${before} still: once all members are newer, etcd marks its data so that the older one refuses them, also when ${name} was never READY.`,
    wayOut(retreat),
  );
}

function agentTooNew(retreat: Retreat, { record, text }: Other): Diagnostic {
  return refuse(
    retreat,
    'rollback-kubelet-newer',
    `${record.name} runs ${text} already: with ${retreat.name} at ${retreat.before} its kubelet would be newer than an API server, which Kubernetes does not allow.`,
    `Take ${record.name} back first if it can go (\`--rollback-node ${record.name}\`), or mend what keeps ${retreat.name} from coming up and run \`rke2ctl up\`.`,
  );
}

function kubeletTooNew(retreat: Retreat, { record, text }: Other): Diagnostic {
  return refuse(
    retreat,
    'rollback-kubelet-newer',
    `${record.name} runs ${text}: with ${retreat.before} the kubelet of ${retreat.name} would be newer than an API server, which Kubernetes does not allow.`,
    'Mend what keeps it from coming up and run `rke2ctl up`.',
  );
}

function kubeletTooOld(retreat: Retreat, { record, text }: Other): Diagnostic {
  return refuse(
    retreat,
    'rollback-kubelet-too-old',
    `${record.name} runs ${text}: with ${retreat.before} the kubelet of ${retreat.name} would be more than ${KUBELET_SKEW} minor versions behind an API server, which Kubernetes does not allow.`,
    `Mend what keeps it from coming up and run \`rke2ctl up\`, or take ${retreat.name} out of the file and let it join anew.`,
  );
}

function mayHaveWritten({ name, now, before, snapshot }: Retreat): Diagnostic {
  return {
    severity: 'warning',
    code: 'rollback-lone-server',
    node: name,
    message: `${name} is the only control plane. It was never READY with ${now}, but its API server may have run for a moment and written what ${before} does not know.`,
    hint: `Look at the cluster afterwards (\`rke2ctl status\`).${snapshot === null ? '' : ` The snapshot ${snapshot} is from before the upgrade.`}`,
  };
}
