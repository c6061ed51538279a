import { describe, expect, it } from 'vitest';
import type { NodeKey } from '../../src/domain/cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import type { FirewallFacts, HostFacts, Rke2Facts } from '../../src/domain/observed.ts';
import type { Drift, Plan } from '../../src/domain/plan.ts';
import { planUp } from '../../src/plan/plan-up.ts';
import type { DesiredInput } from '../../src/render/desired-node.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, type World, withFacts } from '../support/model-hosts.ts';

const SERVER = '10.0.0.1:22';
const WORKER = '10.0.0.4:22';
const CONFIG = '/etc/rancher/rke2/config.yaml';
const CLUSTER = makeCluster({
  nodes: [
    makeNode('10.0.0.1', ['etcd', 'controlplane'], { name: 's1' }),
    makeNode('10.0.0.2', ['etcd', 'controlplane'], { name: 's2' }),
    makeNode('10.0.0.3', ['etcd', 'controlplane'], { name: 's3' }),
    makeNode('10.0.0.4', ['worker'], {
      name: 'w1',
      labels: { disk: 'ssd' },
      taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
    }),
  ],
});

const UP: World = (() => {
  const { world } = converge(makeWorld(CLUSTER, { firewalld: true }));
  return { ...world, state: { ...world.state, desired: describeCluster(CLUSTER) } };
})();

const onRke2 = (change: (rke2: Rke2Facts) => Partial<Rke2Facts>) => (facts: HostFacts) => ({
  ...facts,
  rke2: { ...facts.rke2, ...change(facts.rke2) },
});

function plan(
  world: World,
  options: { readonly keepDrift?: boolean; readonly cluster?: World['cluster'] } = {},
): Plan {
  const { keepDrift = false, cluster = world.cluster } = options;
  const input = planInput({ ...world, cluster });
  return planUp({ ...input, findings: [], kubeconfigPresent: true, checkPorts: true, keepDrift });
}

/** What is planned when the cluster's API says something else; `change` gets the facts of every server. */
function planSeen(change: (rke2: Rke2Facts) => Partial<Rke2Facts>, keepDrift = false): Plan {
  const input: DesiredInput = planInput(UP);
  const hosts = Object.entries(input.observed.hosts).map(([key, host]) => [
    key,
    host.reachable && host.facts.rke2.nodes !== null ? { ...host, facts: onRke2(change)(host.facts) } : host,
  ]);
  const observed = { hosts: Object.fromEntries(hosts) };
  return planUp({ ...input, observed, findings: [], kubeconfigPresent: true, checkPorts: true, keepDrift });
}

const brief = ({ node, kind, subject, mended }: Drift) =>
  `${node ?? 'cluster'} ${kind} ${subject}${mended ? '' : ' !'}`;
const changed = (key: NodeKey, change: (facts: HostFacts) => HostFacts) => withFacts(UP, key, change);

const withoutPorts = (facts: HostFacts): HostFacts => {
  const firewall = facts.firewall as Extract<FirewallFacts, { provider: 'firewalld' }>;
  const zone = firewall.zones['public'];
  if (zone === undefined) throw new Error('no zone');
  const zones = {
    ...firewall.zones,
    public: { ...zone, ports: zone.ports.filter((port) => port !== '6443/tcp') },
  };
  return { ...facts, firewall: { ...firewall, zones } };
};

const HOST_DRIFTS: readonly (readonly [string, NodeKey, (facts: HostFacts) => HostFacts, string])[] = [
  [
    'a file edited',
    WORKER,
    onRke2(({ files }) => ({ files: { ...files, [CONFIG]: { sha256: 'f'.repeat(64), mode: '0600' } } })),
    `w1 file ${CONFIG}`,
  ],
  [
    'a file deleted',
    WORKER,
    onRke2(({ files: { [CONFIG]: _gone, ...files } }) => ({ files })),
    `w1 file ${CONFIG}`,
  ],
  [
    'a mode changed',
    WORKER,
    onRke2(({ files }) => ({
      files: { ...files, [CONFIG]: { sha256: files[CONFIG]?.sha256 ?? '', mode: '0644' } },
    })),
    `w1 file ${CONFIG}`,
  ],
  ['a port closed', SERVER, withoutPorts, 's1 firewall 6443/tcp'],
  [
    'a unit disabled',
    WORKER,
    onRke2(({ agent }) => ({ agent: { ...agent, enabled: false } })),
    'w1 service rke2-agent',
  ],
  [
    'RKE2 stopped',
    WORKER,
    onRke2(({ agent }) => ({ agent: { ...agent, active: 'inactive' } })),
    'w1 service rke2-agent',
  ],
  [
    'a binary swapped',
    WORKER,
    onRke2(() => ({ binaries: [{ path: '/usr/local/bin/rke2', version: 'v1.34.1+rke2r1' }] })),
    'w1 binary /usr/local/bin/rke2',
  ],
  ['a binary deleted', WORKER, onRke2(() => ({ binaries: [] })), 'w1 binary /usr/local/bin/rke2'],
  [
    'an image bundle deleted',
    WORKER,
    onRke2(() => ({ images: [] })),
    'w1 file /var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst',
  ],
  ['a marker deleted', WORKER, onRke2(() => ({ marker: null })), 'w1 marker /etc/rancher/rke2/rke2ctl.json'],
];

describe('drift on hosts', () => {
  it('is none where nobody touched anything', () => {
    expect(plan(UP)).toMatchObject({ drift: [], changes: [], steps: [] });
  });

  it.each(HOST_DRIFTS)('%s is named in one line, mended, and then gone', (_what, key, change, line) => {
    const found = plan(changed(key, change)).drift;
    expect(found.map(brief)).toEqual([line]);
    expect(found[0]?.message).not.toContain('\n');
    expect(plan(converge(changed(key, change)).world)).toMatchObject({ drift: [], steps: [] });
  });

  it.each(HOST_DRIFTS)('%s stays where drift is kept, and is still named', (_what, key, change, line) => {
    const { drift, steps } = plan(changed(key, change), { keepDrift: true });
    expect(steps.map(({ id }) => id)).toEqual([]);
    expect(drift.map(brief)).toEqual([`${line} !`]);
  });

  it('is not what the file changed', () => {
    const nodes = CLUSTER.nodes.map((node) => ({ ...node, rke2: { debug: true } }));
    const { drift, changes, steps } = plan(UP, { cluster: { ...CLUSTER, nodes }, keepDrift: true });
    expect(drift).toEqual([]);
    expect(changes).toHaveLength(4);
    expect(steps.filter(({ kind }) => kind === 'start-service')).toHaveLength(4);
  });

  it('does not make a node restart whose labels or servers the file changes', () => {
    const nodes = CLUSTER.nodes.map((node) => ({ ...node, labels: { zone: 'a' } }));
    const cluster = { ...CLUSTER, nodes, endpoint: { host: '10.0.0.1', port: 6443 } };
    const { steps } = plan(UP, { cluster });
    const worker = steps.filter(({ node }) => node?.key === WORKER).map(({ kind }) => kind);
    expect(worker).toContain('write-files');
    expect(worker).not.toContain('start-service');
  });

  it('is not what a run that was cut off left undone', () => {
    const id = Object.values(UP.state.nodes).find(({ name }) => name === 'w1')?.nodeId ?? '';
    const record = UP.state.nodes[id];
    if (record === undefined) throw new Error('no record');
    const nodes = { ...UP.state.nodes, [id]: { ...record, startedWith: '' } };
    const cut: World = { ...UP, state: { ...UP.state, nodes } };
    for (const active of ['active', 'inactive', 'failed']) {
      const world = withFacts(
        cut,
        WORKER,
        onRke2(({ agent }) => ({ agent: { ...agent, active } })),
      );
      const { drift, steps } = plan(world, { keepDrift: true });
      expect(drift).toEqual([]);
      expect(steps.map(({ id: step }) => step)).toContain(`start-service ${WORKER}`);
    }
  });
});

describe('drift in the cluster', () => {
  const onNode = (name: string, change: object) => (rke2: Rke2Facts) => ({
    nodes: (rke2.nodes ?? []).map((node) => (node.name === name ? { ...node, ...change } : node)),
  });

  it.each([
    ['a label removed', onNode('w1', { labels: {} }), 'w1 label disk'],
    ['a label changed', onNode('w1', { labels: { disk: 'hdd' } }), 'w1 label disk'],
    ['a taint removed', onNode('w1', { taints: [] }), 'w1 taint gpu:NoSchedule'],
    [
      'a Node deleted',
      ({ nodes }: Rke2Facts) => ({ nodes: (nodes ?? []).filter(({ name }) => name !== 'w1') }),
      'w1 node-gone w1',
    ],
  ] as const)('%s is named and mended, or left', (_what, change, line) => {
    const mended = planSeen(change);
    expect(mended.drift.map(brief)).toEqual([line]);
    expect(planSeen(change, true).drift.map(brief)).toEqual([`${line} !`]);
  });

  it('brings a Node back by a restart of its service', () => {
    const gone = planSeen(({ nodes }) => ({ nodes: (nodes ?? []).filter(({ name }) => name !== 'w1') }));
    expect(gone.steps.find(({ id }) => id === `start-service ${WORKER}`)).toMatchObject({
      restart: true,
      join: null,
    });
  });

  it('does not start the founder whose member went with its Node: RKE2 would find a tombstone', () => {
    const gone = planSeen(({ nodes, members }) => ({
      nodes: (nodes ?? []).filter(({ name }) => name !== 's1'),
      members: (members ?? []).filter(({ name }) => !name.startsWith('s1-')),
    }));
    expect(gone.drift.map(brief)).toEqual(['s1 node-gone s1 !']);
    expect(gone.drift[0]?.message).toContain('take s1 out of the file');
    expect(gone.steps.map(({ id }) => id)).not.toContain(`start-service ${SERVER}`);
  });

  it('names Nodes and members that nobody of us brought, and who can take them away', () => {
    const more = planSeen(({ nodes, members }) => ({
      nodes: (nodes ?? []).flatMap((node, index) =>
        index === 0 ? [node, { ...node, name: 'stranger', internalAddresses: ['10.9.9.9'] }] : [node],
      ),
      members: [
        ...(members ?? []),
        { id: 'abcdef0123456789', name: '', peerUrls: ['https://10.9.9.9:2380'], isLearner: true },
      ],
    }));
    expect(more.drift.map(brief)).toEqual([
      'cluster node-more stranger !',
      'cluster member-more abcdef0123456789 !',
    ]);
    expect(more.drift[0]?.message).toContain('kubectl delete node stranger');
    expect(more.drift[1]?.message).toContain('etcdctl member remove abcdef0123456789');
  });
});
