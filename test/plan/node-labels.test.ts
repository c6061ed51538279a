import { describe, expect, it } from 'vitest';
import type { ClusterNode, Taint } from '../../src/domain/cluster.ts';
import type { ApiNode } from '../../src/domain/observed.ts';
import type { NodeRecord } from '../../src/domain/state.ts';
import { askedMarks } from '../../src/plan/asked-before.ts';
import { compareMarks } from '../../src/plan/node-labels.ts';
import { makeNode } from '../support/make-cluster.ts';

const GPU: Taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const SERVER: Taint = { key: 'CriticalAddonsOnly', value: 'true', effect: 'NoExecute' };
const RECORD: NodeRecord = {
  nodeId: 'a',
  name: 'n1',
  machineId: 'm',
  hostKey: null,
  address: '10.0.0.1',
  port: 22,
  clusterAddress: '10.0.0.1',
  roles: ['worker'],
  version: 'v1.35.7+rke2r1',
  phase: 'joined',
};
const NODE: ApiNode = {
  name: 'n1',
  ready: true,
  reason: '',
  roles: [],
  version: 'v1.35.7+rke2r1',
  internalAddresses: ['10.0.0.1'],
  labels: { 'kubernetes.io/hostname': 'n1' },
  taints: [],
  unschedulable: false,
  drainedByUs: false,
  etcdVoter: null,
};

function compare(
  spec: Partial<ClusterNode>,
  record: Partial<NodeRecord>,
  node: Partial<ApiNode>,
  { keepDrift = false, before = spec }: { keepDrift?: boolean; before?: Partial<ClusterNode> } = {},
) {
  const { labels = {}, taints = [] } = before;
  return compareMarks({
    spec: makeNode('10.0.0.1', spec.roles ?? ['worker'], spec),
    record: { ...RECORD, ...record },
    node: { ...NODE, ...node, labels: { ...NODE.labels, ...node.labels } },
    asked: {
      labels: new Map(Object.entries(labels)),
      taints: new Map(taints.map(({ key, effect, value }) => [`${key}:${effect}`, value])),
    },
    keepDrift,
  });
}

describe('labels', () => {
  it('are left alone where they are as the file says, whatever else is on the Node', () => {
    expect(
      compare({ labels: { disk: 'ssd' } }, { labels: ['disk'] }, { labels: { disk: 'ssd', x: 'y' } }),
    ).toBe(null);
  });

  it('are set where they are missing or otherwise', () => {
    expect(compare({ labels: { disk: 'ssd', zone: 'a' } }, {}, { labels: { disk: 'hdd' } })?.labels).toEqual({
      set: { disk: 'ssd', zone: 'a' },
      remove: [],
    });
  });

  it('are taken away only where they are ours', () => {
    const node = { labels: { disk: 'ssd', x: 'y' } };
    expect(compare({}, { labels: ['disk', 'gone'] }, node)?.labels).toEqual({ set: {}, remove: ['disk'] });
    expect(compare({}, {}, node)).toBeNull();
  });

  it('of a role go with it, on servers', () => {
    const node = { labels: { 'node-role.kubernetes.io/control-plane': 'true' }, taints: [SERVER] };
    const record = { roles: ['etcd', 'controlplane'] as const, taints: ['CriticalAddonsOnly:NoExecute'] };
    expect(compare({ roles: ['etcd'] }, record, node)?.labels.remove).toEqual([
      'node-role.kubernetes.io/control-plane',
    ]);
    expect(compare({ roles: ['etcd', 'controlplane'] }, record, node)).toBeNull();
    expect(compare({ roles: ['worker'] }, {}, { labels: node.labels })).toBeNull();
  });

  it('that somebody changed stay so where drift is kept, but not what the file changed', () => {
    const keep = { keepDrift: true };
    const spec = { labels: { disk: 'ssd' } };
    expect(compare(spec, { labels: ['disk'] }, {}, keep)).toBeNull();
    expect(compare(spec, {}, {}, keep)?.labels.set).toEqual({ disk: 'ssd' });
    const before = { labels: { disk: 'hdd' } };
    expect(compare(spec, { labels: ['disk'] }, before, { ...keep, before })?.labels.set).toEqual({
      disk: 'ssd',
    });
  });
});

describe('taints', () => {
  it('follow the file in both directions', () => {
    expect(compare({ taints: [GPU] }, {}, {})?.taints).toEqual({ set: [GPU], remove: [] });
    expect(compare({}, { taints: ['gpu:NoSchedule'] }, { taints: [GPU] })?.taints).toEqual({
      set: [],
      remove: [GPU],
    });
    expect(compare({ taints: [GPU] }, { taints: ['gpu:NoSchedule'] }, { taints: [GPU] })).toBeNull();
  });

  it('of somebody else stay', () => {
    const theirs = { key: 'node.kubernetes.io/unreachable', value: '', effect: 'NoExecute' };
    expect(compare({}, { taints: ['gpu:NoSchedule'] }, { taints: [theirs] })).toBeNull();
  });

  it('get another value without leaving', () => {
    const other = { ...GPU, value: 'no' };
    expect(compare({ taints: [GPU] }, { taints: ['gpu:NoSchedule'] }, { taints: [other] })?.taints).toEqual({
      set: [GPU],
      remove: [],
    });
  });

  it('keep workloads off a server exactly as long as it is no worker', () => {
    const roles = ['etcd', 'controlplane'] as const;
    expect(compare({ roles }, {}, {})?.taints.set).toEqual([SERVER]);
    const taints = ['CriticalAddonsOnly:NoExecute'];
    expect(compare({ roles: [...roles, 'worker'] }, { taints }, { taints: [SERVER] })?.taints).toEqual({
      set: [],
      remove: [SERVER],
    });
    expect(compare({ roles }, { taints }, {}, { keepDrift: true })).toBeNull();
    expect(compare({ roles }, { taints: [] }, {}, { keepDrift: true })?.taints.set).toEqual([SERVER]);
  });
});

describe('what the file asked for before', () => {
  it('is found by the key of the node, then by its name', () => {
    const state = { desired: { nodes: [{ key: '10.0.0.1:22', name: 'a', labels: { x: '1' }, taints: [] }] } };
    const asked = (node: ClusterNode) => askedMarks(state as never, node)?.labels.get('x');
    expect(asked(makeNode('10.0.0.1', ['worker']))).toBe('1');
    expect(asked(makeNode('10.0.0.9', ['worker'], { name: 'a' }))).toBe('1');
    expect(asked(makeNode('10.0.0.9', ['worker']))).toBeUndefined();
  });
});
