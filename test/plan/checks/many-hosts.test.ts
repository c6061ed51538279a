import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/domain/cluster.ts';
import type { HostFacts } from '../../../src/domain/observed.ts';
import { checkHosts } from '../../../src/plan/checks/check-hosts.ts';
import { makeCluster, makeNode } from '../../support/make-cluster.ts';
import { makeFacts, makeObserved } from '../../support/make-facts.ts';

/** Servers 10.0.0.1, 10.0.0.2, … with all roles; `differ` says how each is unlike the good one. */
function checkMany(differ: readonly Partial<HostFacts>[], change: Partial<Cluster> = {}) {
  const nodes = differ.map((_, index) => makeNode(`10.0.0.${index + 1}`, ['etcd', 'controlplane', 'worker']));
  const facts = differ.map((overrides, index) => [
    `10.0.0.${index + 1}:22`,
    makeFacts({
      hostname: `n${index + 1}`,
      machineId: `${index + 1}`.padStart(32, '0'),
      addresses: [{ interface: 'eth0', address: `10.0.0.${index + 1}`, prefix: 24 }],
      ...overrides,
    }),
  ]);
  return checkHosts({
    cluster: makeCluster({ nodes, ...change }),
    observed: makeObserved(Object.fromEntries(facts)),
    clusterId: 'c1',
    requiredDiskBytes: {},
    architectures: ['amd64'],
  });
}

const skewed = (...offsets: number[]) => checkMany(offsets.map((clockOffsetMs) => ({ clockOffsetMs })));

describe('checks over several hosts', () => {
  it('say nothing of three good ones', () => {
    expect(checkMany([{}, {}, {}])).toEqual([]);
  });

  it('find two hosts of one name, whatever its case', () => {
    const [finding, ...rest] = checkMany([{}, { hostname: 'node' }, { hostname: 'NODE' }]);
    expect(rest).toEqual([]);
    expect(finding?.code).toBe('unique-name');
    expect(finding?.message).toContain('10.0.0.2 and 10.0.0.3 would all be called "node"');
  });

  it('find names that the file itself gives twice', () => {
    const nodes = [1, 2, 3].map((n) =>
      makeNode(`10.0.0.${n}`, ['etcd', 'controlplane', 'worker'], { name: 'x' }),
    );
    const [finding] = checkMany([{}, {}, {}], { nodes });
    expect(finding?.message).toContain('10.0.0.1:22, 10.0.0.2:22 and 10.0.0.3:22');
  });

  it('find clones by their machine-id', () => {
    const [finding] = checkMany([{}, {}, { machineId: '00000000000000000000000000000001' }]);
    expect(finding?.code).toBe('unique-machine-id');
    expect(finding?.message).toContain('10.0.0.1 and 10.0.0.3');
  });

  it('find hosts that the others would reach at one address', () => {
    const behindNat = [2201, 2202, 2203].map((port) =>
      makeNode('203.0.113.1', ['etcd', 'controlplane', 'worker'], { port }),
    );
    const addresses = [{ interface: 'eth0', address: '192.168.0.2', prefix: 24 }];
    const facts = behindNat.map((node, index) => [
      node.key,
      makeFacts({ hostname: `n${index}`, machineId: `m${index}`, addresses }),
    ]);
    const findings = checkHosts({
      cluster: makeCluster({ nodes: behindNat }),
      observed: makeObserved(Object.fromEntries(facts)),
      clusterId: null,
      requiredDiskBytes: {},
      architectures: null,
    });
    expect(findings.map((each) => each.code)).toEqual(['unique-address']);
    expect(findings[0]?.message).toContain('at 192.168.0.2');
  });
});

describe('clock-skew', () => {
  it('lets 3 seconds pass', () => {
    expect(skewed(0, 2_900, -2_900)).toEqual([]);
  });

  it('names the one that is off', () => {
    const findings = skewed(120, 10_000, 90);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ code: 'clock-skew', node: '10.0.0.2', severity: 'error' });
    expect(findings[0]?.message).toContain('9.9 s ahead of the other hosts');
  });

  it('of two hosts names the one that is further from ours', () => {
    expect(skewed(50, -10_000).map((each) => each.node)).toEqual(['10.0.0.2']);
    expect(skewed(-10_000, 50)[0]?.message).toContain('10.1 s behind the other hosts’');
  });

  it('does not mind that our own clock is wrong', () => {
    expect(skewed(60_000, 60_100, 59_900)).toEqual([]);
    expect(skewed(60_000)).toEqual([]);
  });
});
