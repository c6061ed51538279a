import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { carryOut, converge, first, order } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { beginRun, makeHost, makeWorld, planInput, planWorld, type World } from '../support/model-hosts.ts';
import { applyHalf, applyStep } from '../support/model-steps.ts';

const FIRST = '10.0.0.1:22';
const SECOND = '10.0.0.2:22';
const NEW = '10.0.0.9:22';
const SERVER: readonly Role[] = ['etcd', 'controlplane'];

/** Two servers that are up, of which the first, which has the only control plane, is to give it up. */
function giving(second: readonly Role[]): World {
  const nodes = [makeNode('10.0.0.1', SERVER, { name: 'n1' }), makeNode('10.0.0.2', second, { name: 'n2' })];
  const up = converge(makeWorld(makeCluster({ nodes }), { firewalld: false })).world;
  const [one, two] = nodes;
  if (one === undefined || two === undefined) throw new Error('no nodes');
  return { ...up, cluster: { ...up.cluster, nodes: [{ ...one, roles: ['etcd', 'worker'] }, two] } };
}

function withNode(world: World, address: string, roles: readonly Role[], name: string): World {
  const spec = makeNode(address, roles, { name });
  return {
    ...world,
    hosts: { ...world.hosts, [spec.key]: makeHost(address, name, spec.key, { firewalld: false }) },
    cluster: { ...world.cluster, nodes: [...world.cluster.nodes, spec] },
  };
}

function placeOf(plan: Plan, id: string): number {
  const place = order(plan, first).findIndex((step) => step.id === id);
  if (place < 0) throw new Error(`no ${id}`);
  return place;
}

describe('the only control plane that stops being one', () => {
  it('deletes the dead one first, whose name the next control plane takes over', () => {
    const world = giving(['controlplane']);
    const nodes = world.cluster.nodes.filter(({ key }) => key !== SECOND);
    const gone: World = { ...world, off: [SECOND], replace: ['n2'], cluster: { ...world.cluster, nodes } };
    const after = withNode(gone, '10.0.0.9', ['controlplane'], 'n2');
    const plan = planWorld(after);
    const leave = plan.steps.find(({ kind }) => kind === 'leave-cluster');
    expect(leave).toMatchObject({ node: { key: SECOND }, via: expect.arrayContaining([FIRST]) });
    expect(placeOf(plan, `leave-cluster ${SECOND}`)).toBeLessThan(placeOf(plan, `start-service ${NEW}`));
    expect(placeOf(plan, `start-service ${NEW}`)).toBeLessThan(placeOf(plan, `start-service ${FIRST}`));
    expect(planWorld(carryOut(after, order(plan, first))).steps).toEqual([]);
  });

  it('does not start anew before a member that a run left half-joined is a voter', () => {
    const after = withNode(giving(['etcd']), '10.0.0.9', SERVER, 'n9');
    const input = planInput(after);
    const steps = order(planWorld(after), first);
    const cut = steps.findIndex(({ id }) => id === `start-service ${NEW}`);
    const joining = steps[cut];
    if (joining === undefined) throw new Error('nobody joins');
    const claim = steps.find(({ id }) => id === `claim ${FIRST}`);
    // The record has the new roles by then.
    const before = steps.slice(0, cut).filter((step) => step !== claim);
    const run = { input };
    const done = [...(claim === undefined ? [] : [claim]), ...before].reduce(
      (world, step) => applyStep(world, step, run),
      beginRun(after, input),
    );
    const half = applyHalf(done, joining, run, 0);
    if (half === null) throw new Error('it has no half');
    expect(half.store.members.map(({ isLearner }) => isLearner)).toEqual([false, false, true]);
    const plan = planWorld(half);
    expect(placeOf(plan, `start-service ${NEW}`)).toBeLessThan(placeOf(plan, `start-service ${FIRST}`));
    expect(planWorld(carryOut(half, order(plan, first))).steps).toEqual([]);
  });
});
