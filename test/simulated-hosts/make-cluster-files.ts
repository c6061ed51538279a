import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readCluster } from '../../src/cli/cluster-source.ts';
import type { Cluster, ClusterNode } from '../../src/domain/cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import type { HostObservation, Observed } from '../../src/domain/observed.ts';
import type { NodeRecord, State } from '../../src/domain/state.ts';
import { parseProbe } from '../../src/host/probe/parse-probe.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { type DesiredInput, type DesiredNode, desiredNode, factsOf } from '../../src/render/desired-node.ts';
import { renderKubeconfig } from '../../src/render/kubeconfig.ts';
import { marksOf } from '../../src/render/own-marks.ts';
import { startStamp } from '../../src/render/start-stamp.ts';
import { writtenHashes } from '../../src/render/written-hashes.ts';
import { createState } from '../../src/state/create-state.ts';
import { openStore } from '../../src/state/store.ts';
import { fingerprintKey } from '../../src/transport/known-hosts.ts';
import { makeSshKey } from '../support/make-ssh-key.ts';
import { fillRecording, type Holdings, type Machine, tellCluster } from './fill-recording.ts';
import { RECORDED_ADDRESS, RECORDING_MARK, readRecording, type Section, writeSections } from './recording.ts';

/** What the process that plays the hosts is told; written as JSON. */
export interface PlayedHosts {
  readonly port: number;
  readonly hostKey: string;
  /** The one key that may log in, as a line of authorized_keys. */
  readonly userKey: string;
  /** What every server adds when it is asked for the cluster: with all Nodes, or with one of them. */
  readonly clusterAnswers: { readonly all: string; readonly one: string };
  readonly hosts: readonly { readonly address: string; readonly answer: string }[];
}

export interface ClusterFiles {
  readonly addresses: readonly string[];
  readonly played: PlayedHosts;
}

export interface ClusterSize {
  readonly servers: number;
  readonly workers: number;
  readonly port: number;
  /** As cluster.yml has it: `5s`. Whoever says nothing is waited for so long, at most twice. */
  readonly connectTimeout: string;
}

const NAME = 'simulated';
const VERSION = 'v1.35.7+rke2r1';
/** The pods' usual network has room for 256 nodes. */
const WIDE_PODS = '10.64.0.0/13';

/**
 * A folder as an operator has it whose `up` of this many hosts has gone well, made by the product's own functions: file, key,
 * known hosts, state and kubeconfig. And what each host would answer then.
 */
export async function makeClusterFiles(directory: string, size: ClusterSize): Promise<ClusterFiles> {
  const keys = await writeKeys(directory);
  const addresses = Array.from({ length: size.servers + size.workers }, (_, index) => addressOf(index));
  await writeFile(
    join(directory, 'known_hosts'),
    addresses.map((address) => `[${address}]:${size.port} ${keys.host.public}\n`).join(''),
  );
  const file = join(directory, 'cluster.yml');
  await writeFile(file, stringify(clusterText(directory, addresses, size)));
  const { cluster } = await readCluster([file]);
  const recordings = { server: await readRecording('server'), worker: await readRecording('worker') };
  const machines = addresses.map((address, index) => machineOf(address, index, size));
  const fill = (machine: Machine, holdings: Holdings | null) =>
    fillRecording(recordings[machine.kind], machine, holdings);
  const observed = observe(cluster, machines, (machine) => fill(machine, null), keys.host.public);
  const { state, nodes } = settle(cluster, observed);
  const store = openStore(join(directory, 'cluster.rkestate'), null);
  await store.write(state);
  await writeKubeconfig(cluster);
  const { serial, checksum } = JSON.parse(await store.text()) as { serial: number; checksum: string };
  const members = memberList(recordings.server, machines.slice(0, size.servers));
  const tell = (name: 'nodes' | 'api', list: string) => {
    const copy = { clusterId: state.clusterId, serial, checksum };
    return writeSections(
      [{ name, lines: list.split('\n') }, ...tellCluster(recordings.server, members, copy)],
      RECORDING_MARK,
    );
  };
  const hosts = machines.map((machine, index) => {
    const desired = nodes[index];
    if (desired === undefined) throw new Error(`${machine.address} is no node`);
    return {
      address: machine.address,
      answer: writeSections(fill(machine, holdingsOf(desired)), RECORDING_MARK),
    };
  });
  const clusterAnswers = {
    all: tell('nodes', nodeList(recordings, machines)),
    one: tell('api', nodeList(recordings, machines.slice(0, 1))),
  };
  const played = {
    port: size.port,
    hostKey: keys.host.private,
    userKey: keys.user.public,
    clusterAnswers,
    hosts,
  };
  return { addresses, played };
}

/** All of 127.0.0.0/8 is this machine, so every host can have an address of its own. */
function addressOf(index: number): string {
  return `127.18.${Math.floor(index / 250) + 1}.${(index % 250) + 1}`;
}

function machineOf(address: string, index: number, { servers }: ClusterSize): Machine {
  const hostname = `sim-${String(index + 1).padStart(4, '0')}`;
  const machineId = sha256(`machine ${hostname}`).slice(0, 32);
  return { kind: index < servers ? 'server' : 'worker', hostname, machineId, address };
}

async function writeKeys(directory: string) {
  await mkdir(join(directory, 'home'), { recursive: true, mode: 0o700 });
  const user = makeSshKey();
  await writeFile(join(directory, 'id_ed25519'), user.private, { mode: 0o600 });
  return { user, host: makeSshKey() };
}

function clusterText(
  directory: string,
  addresses: readonly string[],
  { servers, port, connectTimeout }: ClusterSize,
) {
  return {
    cluster_name: NAME,
    kubernetes_version: VERSION,
    nodes: addresses.map((address, index) => ({
      address,
      port,
      user: 'root',
      role: index < servers ? ['etcd', 'controlplane'] : ['worker'],
    })),
    services: { 'kube-controller': { cluster_cidr: WIDE_PODS } },
    ssh_key_path: join(directory, 'id_ed25519'),
    ssh: { known_hosts: join(directory, 'known_hosts'), connect_timeout: connectTimeout },
    kubeconfig: { path: join(directory, `kube_config_${NAME}.yml`) },
  };
}

function observe(
  cluster: Cluster,
  machines: readonly Machine[],
  answerOf: (machine: Machine) => readonly Section[],
  publicKey: string,
): Observed {
  const hostKey = fingerprintKey(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64'));
  const now = Date.now();
  const meta = { mark: RECORDING_MARK, sentAtMs: now, answeredAtMs: now, hostKey };
  const end: Section = { name: 'end', lines: [] };
  const entries = cluster.nodes.map((node, index): [string, HostObservation] => {
    const machine = machines[index];
    if (machine?.address !== node.address) throw new Error(`${node.address} is no machine`);
    const facts = parseProbe(writeSections([...answerOf(machine), end], RECORDING_MARK), meta);
    return [node.key, { reachable: true, facts }];
  });
  return { hosts: Object.fromEntries(entries) };
}

/** The state once every node has joined, and what each node must look like by it. */
function settle(
  cluster: Cluster,
  observed: Observed,
): { readonly state: State; readonly nodes: readonly DesiredNode[] } {
  const [first] = cluster.nodes;
  const facts = first === undefined ? null : factsOf(observed, first.key);
  if (first === undefined || facts?.rke2.caHash == null) throw new Error('the recorded server shows no CA');
  const founded: State = {
    ...createState(NAME, randomBytes),
    version: VERSION,
    caHash: facts.rke2.caHash,
    desired: { ...describeCluster(cluster), runTtlSeconds: null },
  };
  const input: DesiredInput = {
    cluster,
    observed,
    state: founded,
    version: VERSION,
    bootstrapKey: first.key,
    artifacts: {},
  };
  const nodes = cluster.nodes.map((spec) => {
    const own = factsOf(observed, spec.key);
    if (own === null) throw new Error(`${spec.key} was not observed`);
    return desiredNode(input, spec, own);
  });
  const records = nodes.map((node): [string, NodeRecord] => [node.planned.id, recordOf(node, observed)]);
  const state = {
    ...founded,
    bootstrapNodeId: nodes[0]?.planned.id ?? null,
    nodes: Object.fromEntries(records),
  };
  return { state, nodes };
}

/** As the steps `claim` and `start-service` leave it. */
function recordOf({ spec, planned, files }: DesiredNode, observed: Observed): NodeRecord {
  const facts = factsOf(observed, spec.key);
  return {
    nodeId: planned.id,
    name: planned.name,
    machineId: facts?.machineId ?? '',
    hostKey: facts?.hostKey ?? null,
    address: spec.address,
    port: spec.port,
    clusterAddress: planned.address,
    roles: planned.roles,
    version: VERSION,
    phase: 'joined',
    ssh: accessOf(spec),
    ...marksOf(spec, undefined),
    startedWith: startStamp(VERSION, files),
  };
}

function accessOf({ user, auth }: ClusterNode): NonNullable<NodeRecord['ssh']> {
  const { keyPaths, keyPathsAreDefaults, certificatePath, agent } = auth;
  return { user, keyPaths, keyPathsAreDefaults, certificatePath, agent, bastions: [] };
}

/** The files as they must be, and the marker as the step writes it once they are there. */
function holdingsOf({ files, marker }: DesiredNode): Holdings {
  const inPlace = files.filter(({ content, founding }) => content !== null && founding !== true);
  const present = Object.fromEntries(
    inPlace.map(({ path, mode, content }) => [path, { sha256: sha256(content ?? ''), mode }]),
  );
  const written = writtenHashes({}, marker.files, inPlace, present);
  return { files: inPlace, marker: { ...marker, ...(written === undefined ? {} : { written }) } };
}

async function writeKubeconfig({ name, kubeconfig }: Cluster): Promise<void> {
  const text = stringify({
    clusters: [{ name: 'default', cluster: { server: 'https://127.0.0.1:6443' } }],
    users: [{ name: 'default', user: { 'client-key-data': '' } }],
  });
  const server = `https://${addressOf(0)}:6443`;
  await writeFile(kubeconfig.path, renderKubeconfig(text, name, server), { mode: kubeconfig.mode });
}

/** Every machine's Node, made from the recorded one of its kind, in the recorded layout. */
function nodeList(
  { server, worker }: { readonly server: readonly Section[]; readonly worker: readonly Section[] },
  machines: readonly Machine[],
): string {
  const list = JSON.parse(linesOf(server, 'nodes').join('\n')) as { items: RecordedNode[] };
  const ofServer = list.items.find((item) => JSON.stringify(item).includes(RECORDED_ADDRESS));
  const ofWorker = list.items.find((item) => item !== ofServer);
  if (ofServer === undefined || ofWorker === undefined) throw new Error('the recording shows too few Nodes');
  const workerAddress = ofWorker.status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';
  if (linesOf(worker, 'text').length === 0) throw new Error('the recording of the worker is empty');
  const made = machines.map((machine): unknown => {
    const [like, address] =
      machine.kind === 'server' ? [ofServer, RECORDED_ADDRESS] : [ofWorker, workerAddress];
    const text = JSON.stringify(like)
      .replaceAll(address, machine.address)
      .replaceAll(new RegExp(`\\b${like.metadata.name}\\b`, 'g'), machine.hostname);
    return JSON.parse(text);
  });
  return JSON.stringify({ ...list, items: made }, null, linesOf(server, 'nodes').length > 2 ? 4 : 0);
}

interface RecordedNode {
  readonly metadata: { readonly name: string };
  readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
}

/** etcd's list, with the recorded member once for every server. */
function memberList(recording: readonly Section[], servers: readonly Machine[]): string {
  const list = JSON.parse(linesOf(recording, 'members').join('\n')) as {
    members: { ID: string; name: string }[];
  };
  const [like] = list.members;
  if (like === undefined) throw new Error('the recording shows no member');
  const members = servers.map(({ hostname, address }, index): unknown => {
    const own = {
      ...like,
      ID: String(BigInt(like.ID) + BigInt(index)),
      name: `${hostname}-${sha256(hostname).slice(0, 8)}`,
    };
    return JSON.parse(JSON.stringify(own).replaceAll(RECORDED_ADDRESS, address));
  });
  return JSON.stringify({ ...list, members });
}

function linesOf(recording: readonly Section[], name: string): readonly string[] {
  return recording.find((section) => section.name === name)?.lines ?? [];
}
