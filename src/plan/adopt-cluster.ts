import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import type { Cluster, Rke2Values } from '../domain/cluster.ts';
import { describeCluster } from '../domain/describe-cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { FoundHost } from '../domain/found-host.ts';
import { nodeId } from '../domain/node-identity.ts';
import type { ApiNode, Observed } from '../domain/observed.ts';
import type { Plan, Step, StepId } from '../domain/plan.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { type DesiredInput, type DesiredNode, desiredNode } from '../render/desired-node.ts';
import { manifestNameOf, renderManifests } from '../render/manifests.ts';
import { startStamp } from '../render/start-stamp.ts';
import { configDifferences } from '../rke2/config-meaning.ts';
import { mergeConfigFiles } from '../rke2/merge-config-files.ts';
import { CONFIG_PATH, REGISTRIES_PATH, SECRETS_DROPIN_PATH } from '../rke2/paths.ts';
import { adoptGroups } from './adopt-groups.ts';
import { chooseBootstrap } from './choose-bootstrap.ts';
import { rememberAddons } from './remember-addons.ts';
import type { UpInput } from './up-input.ts';

/** A node of the file that was found running, with its Node. */
export interface FoundMember extends FoundHost {
  readonly node: ApiNode;
}

export interface AdoptionInput {
  readonly cluster: Cluster;
  readonly observed: Observed;
  /** In the order of the file. */
  readonly members: readonly FoundMember[];
  readonly version: string;
  readonly caHash: string;
  /** Identity and tokens of the cluster; nothing applied yet. */
  readonly fresh: State;
  /** The cluster DNS that follows from service networks. */
  readonly defaultDns: (serviceCidr: readonly string[]) => readonly string[];
}

export interface Adoption {
  /** As if we had made the cluster. */
  readonly state: State;
  readonly input: DesiredInput;
  /** What ours says otherwise than what was found, by node. */
  readonly differences: readonly Diagnostic[];
}

/**
 * The state of a cluster that somebody else made: every member has joined, and what was found on its host stands in for
 * our files where it says the same. Pure; changes nothing.
 */
export function adoptCluster(input: AdoptionInput): Adoption {
  const { cluster, observed, members, version, fresh } = input;
  const records = members.map((member) => recordOf(member, fresh.clusterId, version));
  const founder = findFounder(members, cluster);
  const known: State = {
    ...fresh,
    clusterName: cluster.name,
    version,
    caHash: input.caHash,
    bootstrapNodeId: founder === null ? null : nodeId(fresh.clusterId, founder.facts.machineId),
    desired: describeCluster(cluster),
    nodes: Object.fromEntries(records.map((record) => [record.nodeId, record])),
  };
  const remembered = rememberAddons(known, renderManifests(cluster), cluster, observed);
  const desiredInput = (state: State): DesiredInput => ({
    cluster,
    observed,
    state,
    version,
    bootstrapKey: chooseBootstrap(cluster, observed, state),
    artifacts: {},
  });
  const judged = members.map((member) => judge(member, desiredInput(remembered), input));
  const nodes = Object.fromEntries(
    judged.map(({ record, desired }) => [
      desired.planned.id,
      { ...record, name: desired.planned.name, clusterAddress: desired.planned.address },
    ]),
  );
  const state: State = { ...remembered, nodes };
  return {
    state,
    input: desiredInput(state),
    differences: judged.flatMap(({ differences }) => differences),
  };
}

/**
 * Of what `up` would do that which takes the hosts over: markers, the copy of the state, and last the kubeconfig. As long as
 * that is missing, `up` brings what an adoption that was cut off still owes.
 */
export function adoptionPlan(plan: Plan): Plan {
  const kept = plan.steps.filter(({ kind }) => TAKES_OVER.has(kind));
  const ids = new Set(kept.map(({ id }) => id));
  const steps = kept.map(
    (step): Step => ({
      ...step,
      needs: step.needs.filter((id) => ids.has(id)),
      after: [...step.after.filter((id) => ids.has(id)), ...before(step.kind, kept)],
    }),
  );
  return { ...plan, steps };
}

const BEFORE: Readonly<Partial<Record<Step['kind'], readonly Step['kind'][]>>> = {
  'copy-state': ['claim'],
  'write-kubeconfig': ['claim', 'copy-state'],
};

function before(kind: Step['kind'], kept: readonly Step[]): readonly StepId[] {
  const kinds = BEFORE[kind] ?? [];
  return kept.filter((step) => kinds.includes(step.kind)).map(({ id }) => id);
}

const TAKES_OVER: ReadonlySet<Step['kind']> = new Set(['claim', 'write-kubeconfig', 'copy-state']);

/** What `planUp` needs beside an adoption. */
export function upInput(input: DesiredInput, kubeconfigPresent: boolean): UpInput {
  return { ...input, findings: [], kubeconfigPresent, checkPorts: false };
}

function recordOf(
  { spec, facts, values, node }: FoundMember,
  clusterId: string,
  version: string,
): NodeRecord {
  const list = (key: string) => [values[key] ?? []].flat().map((text) => String(text).trim());
  return {
    nodeId: nodeId(clusterId, facts.machineId),
    name: node.name,
    machineId: facts.machineId,
    hostKey: facts.hostKey,
    address: spec.address,
    port: spec.port,
    clusterAddress: node.internalAddresses[0] ?? spec.address,
    roles: spec.roles,
    version,
    phase: 'joined',
    labels: list('node-label').map((label) => label.split('=')[0] ?? ''),
    taints: list('node-taint').map((taint) => taint.replace(/=[^:]*/, '')),
  };
}

/**
 * Who made the cluster, as far as settings tell: of the servers that can have, the one that joins nobody, or names itself;
 * of several the one that most others joined through. The first of the file where nothing tells.
 */
function findFounder(members: readonly FoundMember[], cluster: Cluster): FoundMember | null {
  const able = members.filter(({ spec }) =>
    spec.roles.includes(cluster.externalDatastore ? 'controlplane' : 'etcd'),
  );
  const joined = members.map(({ values }) => hostOf(values['server']));
  const score = (member: FoundMember) => {
    const own = addressesOf(member);
    const target = hostOf(member.values['server']);
    const alone = target === null || own.includes(target) ? members.length + 1 : 0;
    return alone + joined.filter((host) => host !== null && own.includes(host)).length;
  };
  return able.toSorted((one, other) => score(other) - score(one))[0] ?? null;
}

function addressesOf({ spec, facts, node }: FoundMember): readonly string[] {
  return [spec.address, node.name, facts.hostname, ...facts.addresses.map(({ address }) => address)];
}

function hostOf(server: Rke2Values[string] | undefined): string | null {
  const url = String(server ?? '');
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : null;
}

interface Judged {
  readonly record: NodeRecord;
  readonly desired: DesiredNode;
  readonly differences: readonly Diagnostic[];
}

/** Holds what was found on one host against what we would write there. */
function judge(member: FoundMember, input: DesiredInput, { cluster, defaultDns }: AdoptionInput): Judged {
  const { spec, node, service, values, facts, files } = member;
  const current = cluster.nodes.find(({ key }) => key === spec.key) ?? spec;
  const desired = desiredNode(input, current, facts);
  const keys = configDifferences(
    values,
    settingsOf(desired),
    service === 'rke2-server' ? 'server' : 'agent',
    { name: node.name, addresses: node.internalAddresses, defaultDns },
  );
  const ours = desired.files.find(({ path }) => path === REGISTRIES_PATH)?.content ?? null;
  const sameRegistries = isSameDocument(files.registries?.text ?? null, ours);
  const isPending = changedSinceStart(member);
  const known = input.state.nodes[desired.planned.id];
  if (known === undefined) throw new Error(`${spec.key} has no record`);
  const sameStart = keys.length === 0 && (ours === null || sameRegistries);
  const groups = adoptGroups({
    found: member,
    files: desired.files,
    sameConfig: keys.length === 0,
    sameRegistries,
    manifestSource: (path) => sourceOf(path, member, desired),
  });
  return {
    record: {
      ...known,
      // Also where nothing stands in for ours: a host without a marker yet is known by it as taken over.
      adopted: groups,
      ...(sameStart && { startedWith: isPending ? '' : startStamp(input.version, desired.files) }),
    },
    desired,
    differences: [
      ...(keys.length > 0 ? [saysOtherwise(node.name, keys)] : []),
      ...(ours === null || sameRegistries ? [] : [registriesOtherwise(node.name)]),
      ...(isPending && sameStart ? [notReadYet(node.name)] : []),
    ],
  };
}

/** The settings that RKE2 would read from our files. */
function settingsOf({ files }: DesiredNode): Rke2Values {
  const texts = files.flatMap(({ path, content }) =>
    (path === CONFIG_PATH || path === SECRETS_DROPIN_PATH) && content !== null
      ? [{ path, text: content }]
      : [],
  );
  return mergeConfigFiles(texts).values;
}

function isSameDocument(found: string | null, ours: string | null): boolean {
  if (found === null || ours === null) return found === ours;
  try {
    return isDeepStrictEqual(parse(found), parse(ours));
  } catch {
    return false;
  }
}

/** Settings written after the service started: what runs may not have read them. */
function changedSinceStart({ startedAt, files }: FoundMember): boolean {
  if (startedAt === null) return false;
  const read = [...files.config, ...(files.registries === null ? [] : [files.registries])];
  return read.some(({ changedAt }) => changedAt > startedAt);
}

/** The file on the host whose text a manifest of ours has. */
function sourceOf(path: string, { files }: FoundMember, desired: DesiredNode): string | null {
  const content = desired.files.find((file) => file.path === path)?.content ?? null;
  if (manifestNameOf(path) === null || content === null) return null;
  return files.manifests.find(({ text }) => text === content)?.path ?? null;
}

function saysOtherwise(node: string, keys: readonly string[]): Diagnostic {
  return {
    severity: 'warning',
    code: 'adopt-config-differs',
    node,
    message: `config.yaml cannot be said in cluster.yml word for word: ${keys.join(', ')} would be otherwise. \`up\` would write it anew and restart the service.`,
    hint: 'Look at `rke2ctl plan` before the first `up`, and bring into cluster.yml what you need.',
  };
}

function registriesOtherwise(node: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'adopt-registries-differ',
    node,
    message: 'registries.yaml would be another one. `up` would write it anew and restart the service.',
    hint: 'Look at `rke2ctl plan` before the first `up`, and at `registries` in cluster.yml.',
  };
}

function notReadYet(node: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'adopt-not-read-yet',
    node,
    message:
      'config.yaml, a drop-in or registries.yaml was changed after the service started, so that what runs may not have read it.',
    hint: '`rke2ctl plan` shows the restart; `up` does it, one server at a time.',
  };
}
