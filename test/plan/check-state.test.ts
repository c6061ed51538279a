import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/domain/cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import { caHash } from '../../src/pki/ca-hash.ts';
import { makeCasBelow, makeRoot } from '../../src/pki/make-cas.ts';
import { checkState } from '../../src/plan/check-state.ts';
import { caFiles } from '../../src/rke2/ca-files.ts';
import { carryOut, converge, first, order } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, planWorld, type World, withFacts } from '../support/model-hosts.ts';

const VERSION = 'v1.35.7+rke2r1';
const three = makeCluster({
  nodes: [
    makeNode('10.0.0.1', ['etcd', 'controlplane']),
    makeNode('10.0.0.2', ['etcd', 'controlplane']),
    makeNode('10.0.0.4', ['worker']),
  ],
});
const one = makeCluster({ nodes: [makeNode('10.0.0.1', ['etcd', 'controlplane', 'worker'])] });

function settled(cluster: Cluster = three): World {
  const { world } = converge(makeWorld(cluster, { firewalld: false }));
  return { ...world, state: { ...world.state, version: VERSION, desired: describeCluster(cluster) } };
}

/** A world whose first run was cut off right before this step. */
function cutBefore(id: string, cluster: Cluster = three): World {
  const fresh = makeWorld(cluster, { firewalld: false });
  const steps = order(planWorld(fresh), first);
  const at = steps.findIndex((step) => step.id === id);
  if (at < 0) throw new Error(`no ${id}`);
  const world = carryOut(fresh, steps.slice(0, at));
  return { ...world, state: { ...world.state, version: VERSION, desired: describeCluster(cluster) } };
}

function findings(world: World, cluster: Cluster = world.cluster, version = VERSION) {
  return checkState(cluster, planInput({ ...world, cluster }).observed, world.state, version);
}

function codes(...input: Parameters<typeof findings>): readonly string[] {
  return findings(...input).map((finding) => finding.code);
}

/** The host at this address as another machine, fresh from its installer. */
function reinstalled(world: World, key: string): World {
  const fresh = makeWorld(world.cluster, { firewalld: false }).hosts[key];
  return withFacts(world, key, (facts) => ({ ...(fresh ?? facts), machineId: 'd'.repeat(32) }));
}

describe('checkState', () => {
  it('has nothing against a cluster that is as it was, or that has not begun', () => {
    expect(codes(settled())).toEqual([]);
    expect(codes(makeWorld(three, { firewalld: false }))).toEqual([]);
  });

  it('refuses CAs of one’s own in a cluster that was made with others', () => {
    const cas = makeCasBelow({ ...makeRoot('Example Root', new Date()), above: [] }, new Date());
    const own = { ...three, files: caFiles(cas, three.dataDir) };
    expect(findings(settled(), own)).toMatchObject([{ code: 'ca-differs', path: 'certificates.ca' }]);
    const made = settled(own);
    const hash = caHash(cas.cas['client-ca'].certificates);
    expect(codes({ ...made, state: { ...made.state, caHash: hash } }, own)).toEqual([]);
    expect(codes(makeWorld(own, { firewalld: false }))).toEqual([]);
  });

  it('stops after a remove that did not end', () => {
    const world = settled();
    expect(codes({ ...world, state: { ...world.state, removing: true } })).toEqual(['remove-unfinished']);
  });

  it.each([
    ['cni', ['cilium'], 'network.plugin'],
    ['clusterCidr', ['10.50.0.0/16'], 'services.kube-controller.cluster_cidr'],
    ['serviceCidr', ['10.51.0.0/16'], 'services.kube-api.service_cluster_ip_range'],
    ['clusterDns', ['10.43.0.11'], 'services.kubelet.cluster_dns_server'],
    ['clusterDomain', 'prod.local', 'services.kubelet.cluster_domain'],
  ])('refuses another %s once the cluster has been started', (key, value, path) => {
    const changed = { ...three, network: { ...three.network, [key]: value } };
    expect(findings(settled(), changed)).toMatchObject([{ code: 'immutable-changed', path }]);
    expect(codes(cutBefore('start-service 10.0.0.1:22'), changed)).toEqual([]);
  });

  it('refuses another data directory, and misses no data where it was told not to look', () => {
    const changed = { ...three, dataDir: '/srv/rke2' };
    const elsewhere = withFacts(settled(), '10.0.0.1:22', (facts) => ({
      ...facts,
      rke2: { ...facts.rke2, etcdData: false },
    }));
    expect(findings(elsewhere, changed)).toMatchObject([{ code: 'immutable-changed', path: 'prefix_path' }]);
    expect(codes(cutBefore('start-service 10.0.0.1:22'), changed)).toEqual([]);
  });

  it('refuses it also where the run was cut off before the first server was seen READY', () => {
    const changed = { ...three, network: { ...three.network, clusterCidr: ['10.50.0.0/16'] } };
    const cut = cutBefore('start-service 10.0.0.1:22');
    const founded = withFacts(cut, '10.0.0.1:22', (facts) => ({
      ...facts,
      rke2: { ...facts.rke2, etcdData: true },
    }));
    expect(codes(founded, changed)).toEqual(['immutable-changed']);
  });

  it('refuses another data directory, also where only the markers know which it was', () => {
    const moved = { ...three, dataDir: '/data/rke2' };
    const world = settled();
    expect(codes(world, moved)).toEqual(['immutable-changed']);
    const rebuilt = { ...world, state: { ...world.state, desired: null } };
    expect(codes(rebuilt, moved)).toEqual(['immutable-changed']);
    expect(codes(rebuilt, three)).toEqual([]);
  });

  it('refuses another data directory where a first release wrote the state, which knew of one only', () => {
    const world = settled();
    const { dataDir: _unknown, ...desired } = describeCluster(three);
    const old = { ...world, state: { ...world.state, desired } };
    expect(codes({ ...old, down: three.nodes.map(({ key }) => key) }, three)).toEqual([]);
    expect(
      codes({ ...old, down: three.nodes.map(({ key }) => key) }, { ...three, dataDir: '/data' }),
    ).toEqual(['immutable-changed']);
  });

  it('knows a member at a new address by its machine', () => {
    const world = settled();
    const moved = makeNode('10.0.0.44', ['worker']);
    const facts = world.hosts['10.0.0.4:22'];
    if (facts === undefined) throw new Error('no host');
    const cluster = { ...three, nodes: [...three.nodes.slice(0, 2), moved] };
    expect(codes({ ...world, hosts: { ...world.hosts, [moved.key]: facts } }, cluster)).toEqual([]);
  });

  it('refuses another name for a member, from the file or from the host', () => {
    const named = { ...three, nodes: three.nodes.map((node) => ({ ...node, name: `new-${node.address}` })) };
    expect(codes(settled(), named)).toEqual(['node-renamed', 'node-renamed', 'node-renamed']);
    const renamed = withFacts(settled(), '10.0.0.4:22', (facts) => ({ ...facts, hostname: 'other' }));
    expect(findings(renamed)).toMatchObject([{ code: 'node-renamed', node: 'h2' }]);
    expect(codes(cutBefore('start-service 10.0.0.1:22'), named)).toEqual([]);
  });

  it('stops where a member has lost its database', () => {
    const lost = withFacts(settled(), '10.0.0.1:22', (facts) => ({
      ...facts,
      rke2: { ...facts.rke2, etcdData: false },
    }));
    expect(codes(lost)).toEqual(['etcd-data-lost']);
  });

  it('never lets a reinstalled machine found the cluster anew', () => {
    expect(codes(reinstalled(settled(one), '10.0.0.1:22'))).toEqual(['no-member-left']);
    // The others hold the data, and it can join them.
    expect(codes(reinstalled(settled(), '10.0.0.1:22'))).toEqual([]);
  });

  it('lets nobody wait for a founder that does not answer', () => {
    const cut = cutBefore('start-service 10.0.0.1:22');
    expect(findings({ ...cut, down: ['10.0.0.1:22'] })).toMatchObject([
      { code: 'no-member-left', message: expect.stringContaining('10.0.0.1') },
    ]);
    expect(codes({ ...settled(), down: ['10.0.0.1:22'] })).toEqual([]);
  });

  it('does not ask for members where nobody new is to join', () => {
    expect(codes({ ...settled(), down: ['10.0.0.1:22', '10.0.0.2:22'] })).toEqual([]);
  });
});
