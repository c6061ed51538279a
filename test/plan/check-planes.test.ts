import { describe, expect, it } from 'vitest';
import type { NodeKey } from '../../src/domain/cluster.ts';
import { nodeId } from '../../src/domain/node-identity.ts';
import type { Observed } from '../../src/domain/observed.ts';
import type { Plan, PlannedNode, Step, StepOf } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { checkPlanes } from '../../src/plan/check-planes.ts';
import { serviceOf } from '../../src/rke2/roles.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeHost, makeWorld, planInput, planWorld, type World } from '../support/model-hosts.ts';

const ALL: readonly Role[] = ['etcd', 'controlplane', 'worker'];
const [ONE, TWO, THREE] = ['10.0.0.1:22', '10.0.0.2:22', '10.0.0.3:22'] as const;

/** So many servers with all roles that are up. */
function servers(count: number): World {
  const nodes = [1, 2, 3]
    .slice(0, count)
    .map((index) => makeNode(`10.0.0.${index}`, ALL, { name: `n${index}` }));
  return converge(makeWorld(makeCluster({ nodes }), { firewalld: false })).world;
}

const UP = { 1: servers(1), 2: servers(2), 3: servers(3) };

function node(key: NodeKey, roles: readonly Role[]): PlannedNode {
  const address = key.replace(':22', '');
  return {
    key,
    id: nodeId('c1', key),
    name: `n${address.at(-1)}`,
    address,
    roles,
    service: serviceOf(roles),
  };
}

function leave(key: NodeKey, via: readonly NodeKey[], more: Partial<StepOf<'leave-cluster'>> = {}): Step {
  const base = { id: `leave-cluster ${key}`, node: node(key, ALL), reason: '', needs: [], after: [] };
  return { ...base, kind: 'leave-cluster', via, members: [THREE], forget: false, ...more };
}

function start(key: NodeKey, roles: readonly Role[], more: Partial<StepOf<'start-service'>> = {}): Step {
  const base = { id: `start-service ${key}`, node: node(key, roles), reason: '', needs: [], after: [] };
  return {
    ...base,
    kind: 'start-service',
    join: null,
    voter: roles.includes('etcd'),
    restart: false,
    ...more,
  };
}

/** Who would be alone, of a plan with these steps. */
function alone(world: World, steps: readonly Step[], observed?: Observed): readonly (string | undefined)[] {
  const plan: Plan = { ...planWorld(world), steps };
  const input = planInput(world);
  const found = checkPlanes(observed ?? input.observed, input.state, plan);
  expect(found.map(({ code, severity }) => `${severity} ${code}`)).toEqual(
    found.map(() => 'error control-plane-alone'),
  );
  return found.map((each) => each.node);
}

describe('a member that goes', () => {
  it('needs another control plane', () => {
    expect(alone(UP[1], [leave(ONE, [ONE])])).toEqual(['n1']);
    expect(alone(UP[2], [leave(ONE, [TWO])])).toEqual([]);
  });

  it('needs it among those that are asked', () => {
    expect(alone(UP[3], [leave(ONE, [THREE])])).toEqual([]);
    expect(alone(UP[2], [leave(ONE, [THREE])])).toEqual(['n1']);
  });

  it('may be deleted by itself when it is no member of etcd', () => {
    expect(alone(UP[1], [leave(ONE, [ONE], { members: [] })])).toEqual([]);
    expect(
      alone(UP[2], [leave(ONE, [TWO]), leave(TWO, [TWO], { members: [], after: [`leave-cluster ${ONE}`] })]),
    ).toEqual([]);
  });

  it('finds the one gone that went before it', () => {
    const last = leave(TWO, [ONE], { needs: [`leave-cluster ${ONE}`] });
    expect(alone(UP[2], [leave(ONE, [TWO]), last])).toEqual(['n2']);
  });

  it('finds those that its ties let come and go before it, however the steps are listed', () => {
    const second = leave(TWO, [ONE], { after: [`leave-cluster ${ONE}`] });
    expect(alone(UP[2], [second, leave(ONE, [TWO])])).toEqual(['n2']);
    const afterThree = leave(ONE, [THREE], { needs: [`start-service ${THREE}`] });
    expect(alone(UP[1], [afterThree, start(THREE, ALL)])).toEqual([]);
    const tooLate = start(THREE, ALL, { after: [`leave-cluster ${ONE}`] });
    expect(alone(UP[1], [leave(ONE, [THREE]), tooLate])).toEqual(['n1']);
  });

  it('finds no help in one that starts without a control plane', () => {
    const later = leave(ONE, [TWO, THREE], { needs: [`start-service ${TWO}`, `start-service ${THREE}`] });
    const steps = [start(TWO, ['etcd'], { restart: true }), start(THREE, ['worker']), later];
    expect(alone(UP[2], steps)).toEqual(['n1']);
  });

  it('of which nothing is left but what the cluster keeps may have its own key among those asked', () => {
    // Another machine stands there now, and is up already.
    expect(alone(UP[1], [leave(ONE, [ONE], { forget: true })])).toEqual([]);
    const after = leave(TWO, [ONE], { after: [`leave-cluster ${ONE}`] });
    expect(alone(UP[2], [leave(ONE, [TWO], { forget: true }), after])).toEqual([]);
  });
});

describe('control planes', () => {
  it('count only where they answer and run', () => {
    const { observed } = planInput(UP[2]);
    const error = { code: 'connect-timeout', message: 'no answer', hint: 'look' };
    const silent: Observed = { hosts: { ...observed.hosts, [TWO]: { reachable: false, error } } };
    expect(alone(UP[2], [leave(ONE, [TWO])], silent)).toEqual(['n1']);
    const off = planInput({ ...UP[2], off: [TWO] }).observed;
    expect(alone(UP[2], [leave(ONE, [TWO])], off)).toEqual(['n1']);
  });

  it('are not looked for where none is up, which is another fault, or where nobody goes', () => {
    const fresh = makeWorld(UP[1].cluster, { firewalld: false });
    expect(alone(fresh, [leave(ONE, [ONE])])).toEqual([]);
    expect(alone(UP[1], [start(ONE, ['etcd'], { restart: true })])).toEqual([]);
  });
});

describe('an edit of the file', () => {
  function edited(change: (world: World) => World['cluster']['nodes']): World {
    const nodes = change(UP[1]);
    const hosts = { ...UP[1].hosts };
    for (const { key, address } of nodes) hosts[key] ??= makeHost(address, 'n9', key, { firewalld: false });
    return { ...UP[1], hosts, cluster: { ...UP[1].cluster, nodes } };
  }

  const newcomer = (roles: readonly Role[]) => makeNode('10.0.0.9', roles, { name: 'n9' });

  it('that takes etcd from the only control plane is refused, and says what to do first', () => {
    const world = edited(({ cluster }) => [
      ...cluster.nodes.map((each) => ({ ...each, roles: ['controlplane'] as const })),
      newcomer(['etcd']),
    ]);
    const { observed, state } = planInput(world);
    expect(checkPlanes(observed, state, planWorld(world))).toEqual([
      {
        severity: 'error',
        code: 'control-plane-alone',
        node: 'n1',
        message: expect.stringContaining('n1 would have to leave the cluster'),
        hint: expect.stringContaining('Add another control plane to the file first'),
      },
    ]);
  });

  it('that replaces it by another with all roles is none, as that one comes first', () => {
    const world = edited(() => [newcomer(ALL)]);
    expect(alone(world, planWorld(world).steps)).toEqual([]);
  });
});
