import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { orderSteps } from '../../src/domain/step-order.ts';
import { selectSteps } from '../../src/plan/select-steps.ts';
import { carryOut, converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planWorld, type World } from '../support/model-hosts.ts';

const SERVER: readonly Role[] = ['etcd', 'controlplane'];

function clusterOf(servers: number, workers: number): Cluster {
  const nodes = (count: number, roles: readonly Role[], name: string, net: number) =>
    Array.from({ length: count }, (_, index) =>
      makeNode(`10.0.${net}.${index + 1}`, roles, { name: `${name}${index + 1}` }),
    );
  return makeCluster({ nodes: [...nodes(servers, SERVER, 's', 0), ...nodes(workers, ['worker'], 'w', 1)] });
}

const standing = (cluster: Cluster): World => converge(makeWorld(cluster, { firewalld: true })).world;
const change = (world: World, cluster: Partial<Cluster>): World => ({
  ...world,
  cluster: { ...world.cluster, ...cluster },
});
const target = (...targets: string[]) => ({ targets, only: null });
const WORKERS = { targets: [], only: 'workers' as const };
const names = ({ steps }: Plan) => [
  ...new Set(steps.flatMap(({ kind, node }) => (kind === 'start-service' ? [node?.name] : []))),
];
const codes = ({ findings }: Plan) => findings.map(({ code }) => code);
const restart = { rke2: { server: { debug: true }, agent: { debug: true }, secrets: {} } };
const NEWER = 'v1.36.1+rke2r1';

describe('selectSteps', () => {
  it('leaves the plan alone when nothing is asked for', () => {
    const plan = planWorld(makeWorld(clusterOf(1, 1), { firewalld: true }));
    expect(selectSteps(plan, { targets: [], only: null })).toBe(plan);
  });

  it('takes nodes by name, address and key, and says what is left undone', () => {
    const plan = planWorld(change(standing(clusterOf(3, 3)), restart));
    for (const [asked, name] of [
      ['w2', 'w2'],
      ['10.0.1.2', 'w2'],
      ['10.0.0.3:22', 's3'],
    ] as const) {
      const part = selectSteps(plan, target(asked));
      expect(names(part)).toEqual([name]);
      expect(codes(part)).toEqual(['partial-plan']);
    }
    expect(() => selectSteps(plan, target('nobody'))).toThrow('no node "nobody"');
  });

  it('keeps servers one after the other, also with one between them left out', () => {
    const part = selectSteps(planWorld(change(standing(clusterOf(3, 0)), restart)), target('s1', 's3'));
    expect(names(part)).toEqual(['s1', 's3']);
    const last = part.steps.find(({ id }) => id === 'start-service 10.0.0.3:22');
    expect(last?.needs).toContain('start-service 10.0.0.1:22');
  });

  it('leaves servers alone with `--only workers`', () => {
    const part = selectSteps(planWorld(change(standing(clusterOf(3, 3)), restart)), WORKERS);
    expect(names(part)).toEqual(['w1', 'w2', 'w3']);
  });

  it('refuses a node that can only come after another', () => {
    const fresh = planWorld(makeWorld(clusterOf(3, 1), { firewalld: true }));
    const part = selectSteps(fresh, target('w1'));
    expect(names(part)).toEqual([]);
    expect(part.findings.map(({ code, node }) => [code, node])).toEqual([
      ['target-left-out', 'w1'],
      ['partial-plan', undefined],
    ]);
    expect(part.steps.map(({ kind }) => kind)).not.toContain('verify-nodes');
    const second = selectSteps(fresh, target('s1', 's3'));
    expect(names(second)).toEqual(['s1']);
  });

  it('gives no worker a version that the servers do not get', () => {
    const plan = planWorld(change(standing(clusterOf(1, 2)), { version: NEWER }));
    expect(plan.steps.filter(({ kind }) => kind === 'install')).toHaveLength(3);
    const part = selectSteps(plan, WORKERS);
    expect(part.steps.filter(({ kind }) => kind === 'install')).toEqual([]);
    expect(codes(part)).toContain('target-left-out');
  });

  it('takes a leaving server only with those that come in its place, and its snapshot with it', () => {
    const before = standing(clusterOf(3, 1));
    const nodes = [...clusterOf(3, 1).nodes.slice(0, 2), ...clusterOf(3, 1).nodes.slice(3)];
    const leaving = selectSteps(planWorld(change(before, { nodes })), target('s3'));
    expect(leaving.steps.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['save-snapshot', 'drain', 'leave-cluster', 'uninstall']),
    );
    const others = selectSteps(planWorld(change(before, { nodes })), target('w1'));
    expect(others.leaving).toEqual([]);
    expect(others.steps.map(({ kind }) => kind)).not.toContain('save-snapshot');
  });
});

describe('a part of any plan', () => {
  const sizes = fc.record({ servers: fc.constantFrom(1, 3), workers: fc.nat(4) });
  const scenes = fc.record({
    before: sizes,
    after: sizes,
    fresh: fc.boolean(),
    restarts: fc.boolean(),
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    workers: fc.boolean(),
  });

  it('never has a step that needs what was left out, can be carried out, and the rest afterwards', () => {
    fc.assert(
      fc.property(scenes, ({ before, after, fresh, restarts, picks, workers }) => {
        const first = makeWorld(clusterOf(before.servers, before.workers), { firewalld: true });
        const next = makeWorld(clusterOf(after.servers, after.workers), { firewalld: true });
        const base = fresh ? first : converge(first).world;
        const world = change(
          { ...base, hosts: { ...next.hosts, ...base.hosts } },
          { ...next.cluster, ...(restarts ? restart : {}) },
        );
        const plan = planWorld(world);
        const all = [...plan.nodes, ...plan.leaving];
        const targets = picks.map((pick) => all[pick % all.length]?.key ?? '');
        const part = selectSteps(plan, { targets, only: workers ? 'workers' : null });
        const whole = new Map(plan.steps.map((step) => [step.id, step]));
        const ids = new Set(part.steps.map(({ id }) => id));
        for (const step of part.steps) {
          for (const need of step.needs) expect(ids).toContain(need);
          const own = whole.get(step.id)?.needs ?? [];
          for (const need of own) if (ids.has(need)) expect(step.needs).toContain(need);
        }
        const done = carryOut(world, orderSteps(part.steps));
        expect(planWorld(converge(done).world).steps).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});
