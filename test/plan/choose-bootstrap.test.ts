import { describe, expect, it } from 'vitest';
import type { State } from '../../src/domain/state.ts';
import { chooseBootstrap } from '../../src/plan/choose-bootstrap.ts';
import { carryOut, converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, planWorld, type World } from '../support/model-hosts.ts';

const cluster = makeCluster({
  nodes: [
    makeNode('10.0.0.9', ['worker']),
    makeNode('10.0.0.8', ['controlplane']),
    makeNode('10.0.0.1', ['etcd']),
    makeNode('10.0.0.2', ['etcd']),
  ],
});

function choose({ down = [], ...world }: World, state: Partial<State> = {}): string | null {
  const { observed } = planInput({ ...world, down });
  return chooseBootstrap(world.cluster, observed, { ...world.state, ...state });
}

describe('chooseBootstrap', () => {
  const fresh = makeWorld(cluster, { firewalld: false });

  it('takes the first etcd node of the file that answers', () => {
    expect(choose(fresh)).toBe('10.0.0.1:22');
    expect(choose({ ...fresh, down: ['10.0.0.1:22'] })).toBe('10.0.0.2:22');
    expect(choose({ ...fresh, down: ['10.0.0.1:22', '10.0.0.2:22'] })).toBeNull();
  });

  it('stays with whom the state names, and where that one is known to be, although it does not answer', () => {
    const claim = planWorld(fresh).steps.filter((step) => step.id === 'claim 10.0.0.1:22');
    const begun = carryOut(fresh, claim);
    expect(choose(begun)).toBe('10.0.0.1:22');
    expect(choose({ ...begun, down: ['10.0.0.1:22'] })).toBe('10.0.0.1:22');
  });

  it('finds the one that the state names at another address', () => {
    const done = converge(fresh).world;
    const moved = makeNode('10.0.0.77', ['etcd']);
    const facts = done.hosts['10.0.0.1:22'];
    if (facts === undefined) throw new Error('no host');
    const nodes = cluster.nodes.map((node) => (node.address === '10.0.0.1' ? moved : node));
    expect(
      choose({ ...done, cluster: { ...cluster, nodes }, hosts: { ...done.hosts, [moved.key]: facts } }),
    ).toBe('10.0.0.77:22');
  });

  it('is nobody once the one that made the cluster has left', () => {
    const done = converge(fresh).world;
    const without = { ...cluster, nodes: cluster.nodes.filter((node) => node.address !== '10.0.0.1') };
    expect(choose({ ...done, cluster: without })).toBeNull();
    expect(choose(done, { bootstrapNodeId: null })).toBeNull();
  });
});
