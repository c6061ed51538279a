import { describe, expect, it } from 'vitest';
import { checkMembership } from '../../src/plan/check-membership.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, type World, withFacts } from '../support/model-hosts.ts';

const three = makeCluster({
  nodes: [
    makeNode('10.0.0.1', ['etcd', 'controlplane']),
    makeNode('10.0.0.2', ['etcd', 'controlplane']),
    makeNode('10.0.0.4', ['worker']),
  ],
});

function settled(): World {
  return converge(makeWorld(three, { firewalld: false })).world;
}

function codes(world: World, cluster = world.cluster, replace: readonly string[] = []) {
  return checkMembership(cluster, planInput({ ...world, cluster }).observed, world.state, replace).map(
    ({ code, node }) => `${code} ${node ?? ''}`.trim(),
  );
}

const anotherMachine = (world: World) =>
  withFacts(world, '10.0.0.4:22', (facts) => ({ ...facts, machineId: 'd'.repeat(32) }));

describe('checkMembership', () => {
  it('has nothing against a cluster as it is', () => {
    expect(codes(settled())).toEqual([]);
  });

  it('takes another machine for a member only when it is told to', () => {
    const world = anotherMachine(settled());
    expect(codes(world)).toEqual(['node-replaced h2']);
    for (const name of ['h2', '10.0.0.4']) expect(codes(world, three, [name])).toEqual(['node-forgotten h2']);
  });

  it('says that there is nobody to replace, and nobody of that name', () => {
    expect(codes(settled(), three, ['h2'])).toEqual(['replaces-nobody h2']);
    expect(codes(settled(), three, ['h9'])).toEqual(['replace-unknown']);
  });

  it('says who is given up without being cleaned', () => {
    const without = { ...three, nodes: three.nodes.slice(0, 2) };
    expect(codes({ ...settled(), down: ['10.0.0.4:22'] }, without)).toEqual(['node-forgotten h2']);
    expect(codes(settled(), without)).toEqual([]);
  });

  it('refuses a server at a new address, and lets a worker move', () => {
    const moved = (key: string) =>
      withFacts(settled(), key, (facts) => ({
        ...facts,
        routes: [{ destination: 'default', interface: 'eth0' }],
        addresses: [{ interface: 'eth0', address: '10.0.0.99', prefix: 24 }],
      }));
    expect(codes(moved('10.0.0.2:22'))).toEqual(['server-address-changed h1']);
    expect(codes(moved('10.0.0.4:22'))).toEqual([]);
  });
});
