import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { carryOut, converge, first, order } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planWorld } from '../support/model-hosts.ts';

const SERVER: readonly Role[] = ['etcd', 'controlplane'];

const six = makeCluster({
  nodes: [
    makeNode('10.0.0.1', SERVER),
    makeNode('10.0.0.2', SERVER),
    makeNode('10.0.0.3', SERVER),
    makeNode('10.0.0.4', ['worker']),
    makeNode('10.0.0.5', ['worker']),
  ],
});

/** A plan as people would draw it: a line per step, with what it waits for. */
function dump(plan: Plan): string[] {
  return plan.steps.map(({ id, needs, after }) =>
    [id, ...needs.map((need) => `< ${need}`), ...after.map((wait) => `~ ${wait}`)].join('  '),
  );
}

describe('planUp on fresh hosts', () => {
  it('brings etcd nodes up one at a time, and workers as soon as there is a control plane', () => {
    const starts = planWorld(makeWorld(six, { firewalld: false })).steps.filter(
      (step) => step.kind === 'start-service',
    );
    expect(dump({ steps: starts } as unknown as Plan)).toMatchInlineSnapshot(`
      [
        "start-service 10.0.0.1:22  < write-files 10.0.0.1:22  < check-ports",
        "start-service 10.0.0.2:22  < write-files 10.0.0.2:22  < start-service 10.0.0.1:22  < check-ports",
        "start-service 10.0.0.3:22  < write-files 10.0.0.3:22  < start-service 10.0.0.2:22  < check-ports",
        "start-service 10.0.0.4:22  < write-files 10.0.0.4:22  < start-service 10.0.0.1:22  < check-ports",
        "start-service 10.0.0.5:22  < write-files 10.0.0.5:22  < start-service 10.0.0.1:22  < check-ports",
      ]
    `);
  });

  it('claims a host before anything else on it', () => {
    const plan = planWorld(makeWorld(six, { firewalld: true }));
    for (const node of six.nodes) {
      const own = plan.steps.filter((step) => step.node?.key === node.key);
      expect(own[0]?.kind).toBe('claim');
      for (const step of own.slice(1)) expect(step.needs.length).toBeGreaterThan(0);
    }
  });

  it('lets workers stage while servers start', () => {
    const steps = planWorld(makeWorld(six, { firewalld: true })).steps;
    const stage = steps.find((step) => step.id === 'stage-artifacts 10.0.0.5:22');
    expect(stage?.needs).toEqual(['open-firewall 10.0.0.5:22']);
    expect(stage?.after).toEqual([]);
  });

  it('starts etcd-only nodes before control planes, and workers after the first of those', () => {
    const split = makeCluster({
      nodes: [
        makeNode('10.0.0.9', ['worker']),
        makeNode('10.0.0.4', ['controlplane']),
        makeNode('10.0.0.1', ['etcd']),
        makeNode('10.0.0.2', ['etcd']),
      ],
    });
    const plan = planWorld(makeWorld(split, { firewalld: false }));
    const starts = order(plan, first).filter((step) => step.kind === 'start-service');
    expect(starts.map((step) => step.node?.key)).toEqual([
      '10.0.0.1:22',
      '10.0.0.2:22',
      '10.0.0.4:22',
      '10.0.0.9:22',
    ]);
    expect(plan.steps.find((step) => step.id === 'start-service 10.0.0.9:22')?.needs).toContain(
      'start-service 10.0.0.4:22',
    );
  });

  it('holds no secret', () => {
    const text = JSON.stringify(planWorld(makeWorld(six, { firewalld: true })));
    expect(text).not.toContain('server-password');
    expect(text).not.toContain('agent-password');
  });
});

const roles = fc.constantFrom<readonly Role[]>(
  ['etcd', 'controlplane', 'worker'],
  ['etcd', 'controlplane'],
  ['etcd'],
  ['controlplane'],
  ['worker'],
  ['etcd', 'worker'],
  ['controlplane', 'worker'],
);

/** Any cluster that the file's rules let through: at least one etcd and one controlplane. */
const clusters: fc.Arbitrary<Cluster> = fc
  .array(roles, { minLength: 1, maxLength: 8 })
  .filter((all) => all.some((one) => one.includes('etcd')) && all.some((one) => one.includes('controlplane')))
  .chain((all) =>
    fc.boolean().map((hasEndpoint) =>
      makeCluster({
        nodes: all.map((one, index) => makeNode(`10.0.0.${index + 1}`, one)),
        endpoint: hasEndpoint ? { host: 'api.example', port: 6443 } : null,
      }),
    ),
  );

describe('planUp, whatever the cluster', () => {
  it('reaches the target, and the plan of the reached target is empty', () => {
    fc.assert(
      fc.property(clusters, fc.boolean(), (cluster, firewalld) => {
        expect(converge(makeWorld(cluster, { firewalld })).rounds).toBe(1);
      }),
      { numRuns: 150 },
    );
  });

  it('reaches it in any order that the plan allows, one etcd member in motion at a time', () => {
    fc.assert(
      fc.property(clusters, fc.infiniteStream(fc.nat()), (cluster, choices) => {
        const world = makeWorld(cluster, { firewalld: true });
        const steps = order(
          planWorld(world),
          (ready) => ready[(choices.next().value ?? 0) % ready.length] as Step,
        );
        expect(planWorld(carryOut(world, steps)).steps).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

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

  it('gives the same bytes for the same input', () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const world = makeWorld(cluster, { firewalld: true });
        expect(JSON.stringify(planWorld(world))).toBe(JSON.stringify(planWorld(world)));
      }),
      { numRuns: 50 },
    );
  });
});
