import { describe, expect, it } from 'vitest';
import type { Cluster, ClusterNode } from '../../src/domain/cluster.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { planTokenRotate } from '../../src/plan/maintenance/token-rotate.ts';
import { carryOut, converge, first, order } from '../support/carry-out.ts';
import { maintenanceInput } from '../support/maintenance-input.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { beginRun, findingsOf, makeWorld, planInput, planWorld, type World } from '../support/model-hosts.ts';
import { applyHalf, applyStep } from '../support/model-steps.ts';

const SERVER = ['etcd', 'controlplane'] as const;

function settled(...nodes: readonly ClusterNode[]): World {
  return converge(makeWorld(makeCluster({ nodes }), { firewalld: false })).world;
}

/** The machine at `from` carried to `to`; the file follows with `spec`. A reboot lets nothing run with the old address. */
function carried(world: World, from: string, to: string, spec?: Partial<ClusterNode>): World {
  const key = world.cluster.nodes.find(({ address }) => address === from)?.key ?? '';
  const facts = world.hosts[key];
  if (facts === undefined) throw new Error(`no host at ${from}`);
  const nodes = world.cluster.nodes.map((node) =>
    node.key === key && spec !== undefined ? makeNode(spec.address ?? to, node.roles, { ...spec }) : node,
  );
  const { [key]: _gone, ...hosts } = world.hosts;
  const cluster: Cluster = { ...world.cluster, nodes };
  const now = nodes[world.cluster.nodes.findIndex((node) => node.key === key)]?.key ?? '';
  const routes = [{ destination: 'default', interface: 'eth0' }];
  const addresses = [{ interface: 'eth0', address: to, prefix: 24 }];
  return { ...world, cluster, hosts: { ...hosts, [now]: { ...facts, routes, addresses } } };
}

const lines = (plan: Plan) =>
  plan.steps.map(({ id, needs }) => [id, ...needs.map((need) => `< ${need}`)].join(' '));
const ids = (plan: Plan) => plan.steps.map(({ id }) => id);
const codes = (world: World) => findingsOf(world).map(({ severity, code }) => `${severity} ${code}`);

/** Cut off after each of its steps, and within it, a run is gone on with by the next, and that comes to the same end. */
function expectEndWherever(world: World): void {
  const plan = planWorld(world);
  const input = planInput(world);
  const steps = order(plan, first);
  const cuts = steps.flatMap((step, index) => {
    const before = steps
      .slice(0, index)
      .reduce((each, earlier) => applyStep(each, earlier, { input }), beginRun(world, input));
    const half = applyHalf(before, step, { input }, 0);
    return [before, ...(half === null ? [] : [half])];
  });
  expect(cuts.length).toBeGreaterThan(steps.length);
  for (const cut of cuts) {
    expect(codes(cut).filter((code) => code.startsWith('error'))).toEqual([]);
    const end = converge(cut).world;
    for (const record of Object.values(end.state.nodes))
      expect([record.moving, record.stranded, record.phase]).toEqual([undefined, undefined, 'joined']);
    expect(end.store.members.map(({ address }) => address)).toContain('10.9.0.1');
  }
}

describe('a single server at another address', () => {
  const world = carried(
    settled(makeNode('10.0.0.1', SERVER), makeNode('10.0.0.4', ['worker'])),
    '10.0.0.1',
    '10.9.0.1',
    {},
  );

  it('gets its etcd made anew under it, and its agent starts anew', () => {
    expect(codes(world)).toEqual(['warning server-moved']);
    const plan = planWorld(world);
    expect(lines(plan)).toEqual([
      'claim 10.9.0.1:22',
      'write-files 10.9.0.1:22 < claim 10.9.0.1:22',
      'stop-service 10.9.0.1:22 < write-files 10.9.0.1:22',
      'reset-etcd 10.9.0.1:22 < stop-service 10.9.0.1:22',
      'start-service 10.9.0.1:22 < reset-etcd 10.9.0.1:22',
      'write-files 10.0.0.4:22 < start-service 10.9.0.1:22',
      'start-service 10.0.0.4:22 < write-files 10.0.0.4:22 < start-service 10.9.0.1:22',
      'verify-nodes 10.9.0.1:22 < start-service 10.9.0.1:22',
      'write-kubeconfig 10.9.0.1:22 < start-service 10.9.0.1:22',
      'copy-state 10.9.0.1:22 < start-service 10.9.0.1:22',
    ]);
    const end = carryOut(world, order(plan, first));
    expect(ids(planWorld(end))).toEqual([]);
    expect(end.state.secrets).toBe(world.state.secrets);
    expect(Object.values(end.state.nodes).map(({ address }) => address)).toContain('10.9.0.1');
  });

  it('is the same when nothing runs there any more', () => {
    const [key = ''] = Object.keys(world.hosts).filter((each) => each.startsWith('10.9'));
    const facts = world.hosts[key];
    if (facts === undefined) throw new Error('no such host');
    const server = { ...facts.rke2.server, active: 'activating' };
    const down = {
      ...world,
      hosts: { ...world.hosts, [key]: { ...facts, rke2: { ...facts.rke2, server } } },
    };
    expect(ids(planWorld(down))).toContain('reset-etcd 10.9.0.1:22');
    expectEndWherever(down);
  });

  it('comes to its end wherever a run is cut off', () => {
    expectEndWherever(world);
  });

  it('is not stopped twice for one reset, and is for the next', () => {
    const reset = (each: World) => {
      const step = planWorld(each).steps.find(({ kind }) => kind === 'reset-etcd');
      return step?.kind === 'reset-etcd' ? step.mark : null;
    };
    const claim = planWorld(world).steps[0];
    if (claim === undefined) throw new Error('no step');
    const begun = applyStep(beginRun(world, planInput(world)), claim, { input: planInput(world) });
    expect(reset({ ...begun, state: { ...begun.state, serial: 90 } })).toBe(reset(world));
    const back = carried({ ...begun, state: { ...begun.state, serial: 91 } }, '10.9.0.1', '10.0.0.1', {});
    expect(reset(back)).not.toBe(reset(world));
  });

  it('is to be mended before a verb stops its service', () => {
    const plan = planTokenRotate(maintenanceInput(world, 'token rotate', {}));
    expect(plan.findings.map(({ code }) => code)).toEqual(['move-pending']);
  });

  it('is refused where the file does not say so', () => {
    const named = settled(makeNode('one.example', SERVER, { name: 'one' }));
    const [key = ''] = Object.keys(named.hosts);
    const before = Object.values(named.state.nodes)[0]?.clusterAddress;
    expect(before).toBe('one.example');
    const known = carried(
      converge(carried(named, 'one.example', '10.0.0.1')).world,
      'one.example',
      '10.9.0.1',
    );
    expect(key).toBe('one.example:22');
    expect(codes(known)).toEqual(['error server-address-changed']);
  });
});

describe('a machine that two are', () => {
  it('stops everything', () => {
    const world = carried(
      settled(makeNode('10.0.0.1', SERVER), makeNode('10.0.0.4', ['worker'])),
      '10.0.0.1',
      '10.9.0.1',
      {},
    );
    const facts = world.hosts['10.9.0.1:22'];
    if (facts === undefined) throw new Error('no such host');
    const twins = { ...world, hosts: { ...world.hosts, '10.0.0.1:22': { ...facts, bootId: 'another' } } };
    expect(codes(twins)).toEqual(['error machine-cloned']);
    const same = { ...world, hosts: { ...world.hosts, '10.0.0.1:22': facts } };
    expect(codes(same)).toEqual(['warning server-moved']);
  });
});

describe('one of three servers at another address', () => {
  const three = settled(
    makeNode('10.0.0.1', SERVER),
    makeNode('10.0.0.2', SERVER),
    makeNode('10.0.0.3', SERVER),
    makeNode('10.0.0.4', ['worker']),
  );

  it.each(['10.0.0.1', '10.0.0.3'])('leaves and joins anew (%s)', (from) => {
    const world = carried(three, from, '10.9.0.1', {});
    expect(codes(world)).toEqual(['warning server-moved']);
    const plan = planWorld(world);
    const own = ids(plan).filter((id) => id.endsWith(' 10.9.0.1:22'));
    for (const id of ['leave-cluster', 'uninstall', 'claim', 'install', 'start-service'])
      expect(own).toContain(`${id} 10.9.0.1:22`);
    expect(own.indexOf('uninstall 10.9.0.1:22')).toBeLessThan(own.indexOf('install 10.9.0.1:22'));
    expect(own).not.toContain('reset-etcd 10.9.0.1:22');
    expect(ids(plan)).not.toContain('start-service 10.0.0.4:22');
    expectEndWherever(world);
  });
});

describe('a control plane without etcd at another address', () => {
  it('starts anew, and with it the agents that know no other', () => {
    const world = carried(
      settled(
        makeNode('10.0.0.1', ['etcd']),
        makeNode('10.0.0.2', ['controlplane']),
        makeNode('10.0.0.4', ['worker']),
      ),
      '10.0.0.2',
      '10.9.0.2',
      {},
    );
    const starts = ids(planWorld(world)).filter((id) => id.startsWith('start-service'));
    expect(starts).toEqual(['start-service 10.9.0.2:22', 'start-service 10.0.0.4:22']);
    expect(ids(planWorld(converge(world).world))).toEqual([]);
  });
});

describe('a node that is followed by its name', () => {
  const follow = { address: 'one.example', name: 'one', follow: true } as const;
  const begun = settled(
    makeNode('10.0.0.1', SERVER, { key: 'one.example:22', ...follow }),
    makeNode('10.0.0.4', ['worker']),
  );

  it('has no node-ip in its settings, and needs no edit', () => {
    const before = converge(carried(begun, 'one.example', '10.0.0.1')).world;
    expect(ids(planWorld(before))).toEqual([]);
    expect(
      Object.values(before.machines).some(({ config }) => /node-ip:\s*- "10\.0\.0\.1"/.test(config)),
    ).toBe(false);
    const world = carried(before, 'one.example', '10.9.0.1');
    expect(codes(world)).toEqual(['warning server-moved']);
    expect(ids(planWorld(world))).toContain('reset-etcd one.example:22');
    expect(ids(planWorld(world))).not.toContain('write-files one.example:22');
    expectEndWherever(world);
  });
});

describe('a worker at another address', () => {
  it('is noted in the state, so that nobody looks for it at the old one', () => {
    const world = carried(
      settled(makeNode('10.0.0.1', SERVER), makeNode('10.0.0.4', ['worker'])),
      '10.0.0.4',
      '10.9.0.4',
      {},
    );
    const plan = planWorld(world);
    expect(ids(plan).slice(0, 3)).toEqual([
      'claim 10.9.0.4:22',
      'write-files 10.9.0.4:22',
      'start-service 10.9.0.4:22',
    ]);
    const end = converge(world).world;
    expect(Object.values(end.state.nodes).map(({ address }) => address)).toEqual(['10.0.0.1', '10.9.0.4']);
  });
});

describe('an address that nobody answers at', () => {
  it('is no reason to give up the member whose name stands beside it', () => {
    const three = settled(
      makeNode('10.0.0.1', SERVER, { name: 'h0' }),
      makeNode('10.0.0.2', SERVER, { name: 'h1' }),
      makeNode('10.0.0.3', SERVER, { name: 'h2' }),
    );
    const { '10.0.0.3:22': _carried, ...hosts } = three.hosts;
    const nodes = [...three.cluster.nodes.slice(0, 2), makeNode('10.9.0.1', SERVER, { name: 'h2' })];
    const world = { ...three, hosts, cluster: { ...three.cluster, nodes } };
    expect(planWorld(world).leaving).toEqual([]);
    expect(planWorld(world).unreachable).toEqual(['10.9.0.1:22']);
    expect(ids(planWorld(world)).filter((id) => id.startsWith('leave-cluster'))).toEqual([]);
  });
});
