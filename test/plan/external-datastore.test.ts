import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Cluster } from '../../src/domain/cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { checkState } from '../../src/plan/check-state.ts';
import { planRemove } from '../../src/plan/plan-remove.ts';
import { desiredNode, factsOf } from '../../src/render/desired-node.ts';
import { CONFIG_PATH } from '../../src/rke2/paths.ts';
import { carryOut, converge, order } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, planWorld, type World, withFacts } from '../support/model-hosts.ts';

const VERSION = 'v1.35.7+rke2r1';
const RKE2 = { server: { 'datastore-endpoint': 'https://10.9.9.9:2379' }, agent: {}, secrets: {} };

function outside(nodes: Cluster['nodes'], more: Partial<Cluster> = {}): Cluster {
  return makeCluster({ nodes, externalDatastore: true, rke2: RKE2, ...more });
}

const three = outside([
  makeNode('10.0.0.9', ['worker']),
  makeNode('10.0.0.1', ['controlplane']),
  makeNode('10.0.0.2', ['controlplane', 'worker']),
]);

function starts(plan: Plan): readonly string[] {
  return plan.steps
    .filter((step) => step.kind === 'start-service')
    .map(({ id, needs, after, join, voter }) =>
      [
        id,
        join?.address ?? 'founds',
        voter ? 'voter' : '-',
        ...needs,
        ...after.map((wait) => `~${wait}`),
      ].join(' '),
    );
}

/** config.yaml of a node, as its host would get it. */
function configOf(world: World, key: string): Record<string, unknown> {
  const input = planInput(world);
  const spec = world.cluster.nodes.find((node) => node.key === key);
  const facts = factsOf(input.observed, key);
  if (spec === undefined || facts === null) throw new Error(`no ${key}`);
  const file = desiredNode(input, spec, facts).files.find(({ path }) => path === CONFIG_PATH);
  return parse(String(file?.content)) as Record<string, unknown>;
}

describe('a cluster with a datastore outside', () => {
  const fresh = makeWorld(three, { firewalld: true });

  it('is founded by its first control plane; the others join it one at a time, none of them votes', () => {
    const plan = planWorld(fresh);
    expect(starts(plan)).toEqual([
      'start-service 10.0.0.9:22 10.0.0.1 - write-files 10.0.0.9:22 start-service 10.0.0.1:22 check-ports',
      'start-service 10.0.0.1:22 founds - write-files 10.0.0.1:22 check-ports',
      'start-service 10.0.0.2:22 10.0.0.1 - write-files 10.0.0.2:22 start-service 10.0.0.1:22 check-ports',
    ]);
    expect(plan.steps.find((step) => step.id === 'claim 10.0.0.1:22')).toMatchObject({ bootstrap: true });
  });

  it('tells no server to leave etcd out: RKE2 does so by itself, and refuses the key without a server to join', () => {
    for (const key of ['10.0.0.1:22', '10.0.0.2:22']) {
      const config = configOf(fresh, key);
      expect(config).toMatchObject({ 'datastore-endpoint': 'https://10.9.9.9:2379' });
      expect(config).not.toHaveProperty('disable-etcd');
      expect(config).not.toHaveProperty('disable-apiserver');
    }
    expect(configOf(fresh, '10.0.0.1:22')).not.toHaveProperty('server');
    expect(configOf(fresh, '10.0.0.2:22')).toMatchObject({ server: 'https://10.0.0.1:9345' });
    expect(configOf(fresh, '10.0.0.9:22')).not.toHaveProperty('datastore-endpoint');
  });

  it('opens and tries no port of etcd', () => {
    const text = JSON.stringify(planWorld(fresh).steps.filter(isAboutPorts));
    expect(text).toContain('9345');
    expect(text).not.toMatch(/\b23(79|80|81|82)\b/);
  });

  it('starts a control plane that was killed again, without a join', () => {
    const { world } = converge(fresh);
    const down = withFacts(world, '10.0.0.1:22', (facts) => ({
      ...facts,
      rke2: { ...facts.rke2, server: { ...facts.rke2.server, active: 'inactive' } },
    }));
    expect(starts(planWorld(down))).toEqual(['start-service 10.0.0.1:22 founds -']);
    expect(planWorld(converge(down).world).steps).toEqual([]);
  });
});

function isAboutPorts(step: Step): boolean {
  return step.kind === 'open-firewall' || step.kind === 'check-ports';
}

describe('checkState with a datastore outside', () => {
  const { world } = converge(makeWorld(three, { firewalld: false }));
  const settled = { ...world, state: { ...world.state, version: VERSION, desired: describeCluster(three) } };
  const codes = (of: World, cluster = of.cluster) =>
    checkState(cluster, planInput({ ...of, cluster }).observed, of.state, VERSION).map(({ code }) => code);

  it('misses no database on the disks', () => {
    expect(codes(settled)).toEqual([]);
  });

  it('lets nobody move the data between etcd and a datastore outside', () => {
    const inside = { ...three, externalDatastore: false };
    expect(codes(settled, inside)).toEqual(['immutable-changed']);
    const before = { ...settled.state, desired: describeCluster(inside) };
    expect(codes({ ...settled, state: before })).toEqual(['immutable-changed']);
  });

  it('holds a cluster for begun once its CA is on a disk, although no run saw it READY', () => {
    const records = Object.entries(settled.state.nodes).map(([id, record]) => [
      id,
      { ...record, phase: 'staged' as const },
    ]);
    const unseen = { ...settled, state: { ...settled.state, nodes: Object.fromEntries(records) } };
    const other = { ...three, network: { ...three.network, clusterDomain: 'other.local' } };
    expect(codes(unseen, other)).toEqual(['immutable-changed']);
  });
});

describe('planRemove with a datastore outside', () => {
  it('says that the data stay there', () => {
    const { world } = converge(makeWorld(three, { firewalld: false }));
    const plan = planRemove({
      cluster: three,
      observed: planInput(world).observed,
      state: world.state,
      clusterId: 'c1',
      version: VERSION,
      keepSnapshots: null,
      ignoreUnreachable: false,
      findings: [],
    });
    expect(plan.findings.map(({ code }) => code)).toEqual(['datastore-left']);
    expect(plan.steps.map(({ id }) => id)).toEqual([
      'uninstall 10.0.0.9:22',
      'uninstall 10.0.0.2:22',
      'uninstall 10.0.0.1:22',
      'forget-state',
    ]);
  });
});

const roles = fc.constantFrom<readonly Role[]>(['controlplane'], ['controlplane', 'worker'], ['worker']);

const clusters: fc.Arbitrary<Cluster> = fc
  .array(roles, { minLength: 1, maxLength: 7 })
  .filter((all) => all.some((one) => one.includes('controlplane')))
  .chain((all) =>
    fc.boolean().map((hasEndpoint) =>
      outside(
        all.map((one, index) => makeNode(`10.0.0.${index + 1}`, one)),
        { endpoint: hasEndpoint ? { host: 'api.example', port: 6443 } : null },
      ),
    ),
  );

describe('planUp with a datastore outside, whatever the cluster', () => {
  it('goes on from any half-done state to the same end, and founds one cluster only', () => {
    fc.assert(
      fc.property(clusters, fc.nat(), fc.infiniteStream(fc.nat()), (cluster, cut, choices) => {
        const world = makeWorld(cluster, { firewalld: true });
        const steps = order(
          planWorld(world),
          (ready) => ready[(choices.next().value ?? 0) % ready.length] as Step,
        );
        const half = carryOut(world, steps.slice(0, cut % (steps.length + 1)));
        const end = converge(half).world;
        expect(end.state.bootstrapNodeId).toBe(converge(world).world.state.bootstrapNodeId);
        expect(planWorld(end).steps).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('brings any servers that were killed back in one round', () => {
    fc.assert(
      fc.property(clusters, fc.infiniteStream(fc.boolean()), (cluster, kills) => {
        const { world } = converge(makeWorld(cluster, { firewalld: false }));
        const killed = cluster.nodes.reduce(
          (all, { key }) =>
            kills.next().value
              ? withFacts(all, key, (facts) => ({
                  ...facts,
                  rke2: {
                    ...facts.rke2,
                    server: { ...facts.rke2.server, active: 'inactive' },
                    agent: { ...facts.rke2.agent, active: 'inactive' },
                  },
                }))
              : all,
          world,
        );
        expect(converge(killed).rounds).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });
});
