import { describe, expect, it } from 'vitest';
import type { Cluster, ClusterNode } from '../../src/domain/cluster.ts';
import { desiredNode, factsOf } from '../../src/render/desired-node.ts';
import { fileState } from '../../src/render/file-state.ts';
import type { RenderedFile } from '../../src/render/rendered-file.ts';
import { startStamp } from '../../src/render/start-stamp.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput } from '../support/model-hosts.ts';

function stamp(spec: Partial<ClusterNode> = {}, cluster: Partial<Cluster> = {}, version = 'v1.35.7+rke2r1') {
  const worker = makeNode('10.0.0.4', ['worker'], spec);
  const whole = makeCluster({ nodes: [makeNode('10.0.0.1', ['etcd', 'controlplane']), worker], ...cluster });
  const input = planInput(makeWorld(whole, { firewalld: false }));
  const facts = factsOf(input.observed, worker.key);
  if (facts === null) throw new Error('no host');
  return startStamp(version, desiredNode({ ...input, version }, worker, facts).files);
}

describe('the stamp of a start', () => {
  it('is 16 hex digits, and does not change with what a running node takes from elsewhere', () => {
    expect(stamp()).toMatch(/^[0-9a-f]{16}$/);
    expect(stamp({ labels: { disk: 'ssd' } })).toBe(stamp());
    expect(stamp({ taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }] })).toBe(stamp());
    expect(stamp({}, { endpoint: { host: 'api.example', port: 6443 } })).toBe(stamp());
  });

  it.each([
    ['a key of config.yaml', stamp({ rke2: { debug: true } })],
    ['a file of RKE2', stamp({}, { environment: { HTTP_PROXY: 'http://proxy' } })],
    ['the version', stamp({}, {}, 'v1.35.8+rke2r1')],
  ])('changes with %s', (_what, other) => {
    expect(other).not.toBe(stamp());
  });
});

describe('how a file stands', () => {
  const file: RenderedFile = { path: '/x', mode: '0600', content: 'a', secret: false, readAtStart: true };
  const A = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';
  const there = (sha256: string, mode = '0600') => ({ sha256, mode });
  it.each([
    ['in-place', there(A), undefined],
    ['in-place', there(A), 'b'],
    ['mode', there(A, '0644'), A],
    ['outdated', there('b'), 'b'],
    ['edited', there('b'), A],
    ['edited', there('b'), 'c'],
    ['missing', undefined, A],
    ['new', undefined, undefined],
    ['unknown', there('b'), undefined],
  ] as const)('%s', (state, present, written) => {
    expect(fileState(file, present, written)).toBe(state);
  });
});
