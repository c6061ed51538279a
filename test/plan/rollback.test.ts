import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { HostFacts, UnitFacts } from '../../src/domain/observed.ts';
import type { Plan, Step, StepKind } from '../../src/domain/plan.ts';
import type { NodeRecord } from '../../src/domain/state.ts';
import { checkRollback } from '../../src/plan/check-rollback.ts';
import { planRollback } from '../../src/plan/plan-rollback.ts';
import { selectSteps } from '../../src/plan/select-steps.ts';
import type { UpInput } from '../../src/plan/up-input.ts';
import { AGENT_TOKEN_PATH, CONFIG_PATH } from '../../src/rke2/paths.ts';
import { carryOut, converge, first, order } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, planWorld, type World, withFacts } from '../support/model-hosts.ts';

const V33 = 'v1.33.5+rke2r1';
const V34 = 'v1.34.1+rke2r1';
const V35 = 'v1.35.7+rke2r1';
const V36 = 'v1.36.4+rke2r1';
const [N1, N2, N3, W1] = ['10.0.0.1:22', '10.0.0.2:22', '10.0.0.3:22', '10.0.0.4:22'] as const;

const small = makeCluster({
  nodes: [makeNode('10.0.0.1', ['etcd', 'controlplane']), makeNode('10.0.0.4', ['worker'])],
});
const three = makeCluster({
  nodes: [
    ...['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => makeNode(address, ['etcd', 'controlplane'])),
    makeNode('10.0.0.4', ['worker']),
  ],
});

/** A cluster that runs `version`, and whose file now asks for `wanted`. */
function asked(cluster: Cluster, version: string, wanted: string): World {
  const { world } = converge(makeWorld({ ...cluster, version }, { firewalld: false }));
  return { ...world, cluster: { ...cluster, version: wanted } };
}

const kinds = (plan: Plan, key: string) =>
  plan.steps.filter(({ node }) => node?.key === key).map(({ kind }) => kind);

function find<K extends StepKind>(plan: Plan, kind: K, key: string): Extract<Step, { readonly kind: K }> {
  const step = plan.steps.find((each) => each.kind === kind && each.node?.key === key);
  if (step === undefined) throw new Error(`no ${kind} on ${key}`);
  return step as Extract<Step, { readonly kind: K }>;
}

describe('planUp, of an upgrade', () => {
  const world = asked(small, V35, V36);
  const plan = planWorld(world);

  it('puts what is there by before anything is replaced, and deletes it once the Nodes are Ready', () => {
    expect(kinds(plan, W1)).toEqual([
      'keep-previous',
      'claim',
      'stage-artifacts',
      'install',
      'start-service',
      'drop-previous',
    ]);
    const keep = find(plan, 'keep-previous', W1);
    expect(keep).toMatchObject({
      version: V35,
      prefix: '/usr/local',
      images: ['rke2-images.linux-amd64.tar.zst'],
    });
    expect(keep.files).toContain(CONFIG_PATH);
    expect(keep.files).not.toContain(AGENT_TOKEN_PATH);
    expect(keep.files.filter((path) => path.includes('/manifests/'))).toEqual([]);
    expect(find(plan, 'drop-previous', W1).needs).toEqual([`start-service ${W1}`, `verify-nodes ${N1}`]);
    expect(find(plan, 'drop-previous', N1).needs).toEqual([`await-charts ${N1}`, `verify-nodes ${N1}`]);
  });

  it('keeps nothing where nothing of another version is replaced', () => {
    const fresh = planWorld(makeWorld(small, { firewalld: false }));
    expect(fresh.steps.map(({ kind }) => kind)).not.toContain('keep-previous');
    const swapped = withFacts(converge(makeWorld(small, { firewalld: false })).world, W1, (facts) => ({
      ...facts,
      rke2: { ...facts.rke2, binaries: [{ path: '/usr/local/bin/rke2', version: V34 }] },
    }));
    expect(kinds(planWorld(swapped), W1)).toContain('install');
    expect(kinds(planWorld(swapped), W1)).not.toContain('keep-previous');
  });

  it('leaves alone what an earlier run put by, and what packages brought', () => {
    const again = withFacts(world, W1, (facts) => rke2(facts, { previous: V35 }));
    expect(kinds(planWorld(again), W1)).not.toContain('keep-previous');
    expect(kinds(planWorld(again), W1)).toContain('drop-previous');
    const older = withFacts(world, W1, (facts) => rke2(facts, { previous: V34 }));
    expect(find(planWorld(older), 'keep-previous', W1).version).toBe(V35);
    const packaged = withFacts(world, W1, (facts) => rke2(facts, { rpm: true }));
    expect(kinds(planWorld(packaged), W1)).not.toContain('keep-previous');
    expect(kinds(planWorld(packaged), W1)).not.toContain('drop-previous');
  });

  it('deletes what a run that was cut off has left behind, of nodes in service alone', () => {
    const done = carryOut(world, order(plan, first));
    const left = withFacts(done, W1, (facts) => rke2(facts, { previous: V35 }));
    expect(planWorld(left).steps.map(({ id, needs }) => [id, needs])).toEqual([[`drop-previous ${W1}`, []]]);
  });

  it('does not leave a worker out because what follows on its upgrade waits for others', () => {
    const some = selectSteps(plan, { targets: [N1], only: null });
    expect(kinds(some, N1)).toContain('drop-previous');
    expect(kinds(some, W1)).toEqual([]);
  });
});

function rke2(facts: HostFacts, change: Partial<HostFacts['rke2']>): HostFacts {
  return { ...facts, rke2: { ...facts.rke2, ...change } };
}

interface Trial {
  readonly from?: string;
  readonly to?: string;
  /** Who has the new program; the last of them does not come up. */
  readonly upgraded: readonly string[];
  readonly unit?: string;
  readonly startedWith?: string;
  readonly facts?: Partial<HostFacts['rke2']>;
}

/** A cluster in the middle of an upgrade whose last node in hand does not come up. */
function stuck(cluster: Cluster, { from = V35, to = V36, upgraded, ...trial }: Trial): UpInput {
  const last = upgraded.at(-1) ?? '';
  let world = asked(cluster, from, to);
  for (const key of upgraded) {
    const isLast = key === last;
    world = withFacts(world, key, (facts) => {
      const name = facts.rke2.server.exists ? 'server' : 'agent';
      const unit: UnitFacts = {
        ...facts.rke2[name],
        active: isLast ? (trial.unit ?? 'activating') : 'active',
      };
      return rke2(facts, {
        binaries: [{ path: '/usr/local/bin/rke2', version: to }],
        previous: isLast ? from : null,
        [name]: unit,
        ...(isLast ? trial.facts : {}),
      });
    });
    const { machineId } = world.hosts[key] as HostFacts;
    const nodes = world.store.nodes.map((node) =>
      node.name === world.hosts[key]?.hostname && !isLast ? { ...node, version: to } : node,
    );
    const records = Object.values(world.state.nodes).map((record): [string, NodeRecord] => [
      record.nodeId,
      record.machineId === machineId && isLast ? { ...record, startedWith: trial.startedWith ?? '' } : record,
    ]);
    world = {
      ...world,
      store: { ...world.store, nodes },
      state: { ...world.state, nodes: Object.fromEntries(records) },
    };
  }
  return { ...planInput(world), findings: [], kubeconfigPresent: true, checkPorts: true };
}

const judge = (input: UpInput, ...names: string[]) =>
  checkRollback(input, names).map(({ code, severity }) => `${severity} ${code}`);

describe('checkRollback', () => {
  it('lets an agent go back that does not come up', () => {
    expect(judge(stuck(small, { upgraded: [N1, W1] }), 'h1')).toEqual([]);
    expect(judge(stuck(small, { upgraded: [N1, W1] }), '10.0.0.4')).toEqual([]);
    expect(judge(stuck(small, { upgraded: [N1, W1] }), W1)).toEqual([]);
  });

  it('lets a server go back that has never been READY, as long as another has its version still', () => {
    expect(judge(stuck(three, { upgraded: [N1] }), N1)).toEqual([]);
    expect(judge(stuck(three, { upgraded: [N1, N2] }), N2)).toEqual([]);
    expect(judge(stuck(three, { from: V33, to: V34, upgraded: [N1, N2] }), N2)).toEqual([]);
  });

  it('refuses a server that has been READY, whether it runs now or not, but not within a minor version', () => {
    const refused = ['error rollback-server-was-ready'];
    expect(judge(stuck(three, { upgraded: [N1], unit: 'active' }), N1)).toEqual(refused);
    expect(judge(stuck(three, { upgraded: [N1], startedWith: 'abc' }), N1)).toEqual(refused);
    const patch = { to: 'v1.35.8+rke2r1', upgraded: [N1], startedWith: 'abc' };
    expect(judge(stuck(three, patch), N1)).toEqual([]);
    const [first] = checkRollback(stuck(three, { upgraded: [N1], startedWith: 'abc' }), [N1]);
    expect(first?.hint).toMatch(/snapshot from before the upgrade, restored with v1\.35\.7\+rke2r1/);
  });

  it('names the snapshot that the upgrade saved', () => {
    const snapshots = [3, 12, 9].map((serial) => ({ name: `rke2ctl-${serial}-upgrade-h0-1`, sizeBytes: 1 }));
    const [found] = checkRollback(stuck(three, { upgraded: [N1], unit: 'active', facts: { snapshots } }), [
      N1,
    ]);
    expect(found?.hint).toContain('rke2ctl-12-upgrade-h0-1');
  });

  it('refuses the last etcd member of the older version where etcd itself is a newer one', () => {
    const refused = ['error rollback-etcd-newer'];
    expect(judge(stuck(small, { from: V33, to: V34, upgraded: [N1] }), N1)).toEqual(refused);
    expect(judge(stuck(three, { from: V33, to: V34, upgraded: [N1, N2, N3] }), N3)).toEqual(refused);
    expect(judge(stuck(three, { from: V35, to: V36, upgraded: [N1, N2, N3] }), N3)).toEqual([]);
  });

  it('refuses a server what was put by before the version that it had', () => {
    const earlier = { upgraded: [N1], facts: { previous: V34 } };
    expect(judge(stuck(three, earlier), N1)).toEqual(['error rollback-nothing']);
  });

  it('warns where no other API server was there', () => {
    expect(judge(stuck(small, { upgraded: [N1] }), N1)).toEqual(['warning rollback-lone-server']);
  });

  it('refuses where a kubelet would be newer than an API server, or too old for one', () => {
    expect(judge(stuck(three, { upgraded: [N1, W1, N2] }), N2)).toEqual(['error rollback-kubelet-newer']);
    const old = stuck(small, { upgraded: [N1, W1], facts: { previous: 'v1.32.1+rke2r1' } });
    expect(judge(old, W1)).toEqual(['error rollback-kubelet-too-old']);
    const fits = stuck(small, { upgraded: [N1, W1], facts: { previous: 'v1.33.1+rke2r1' } });
    expect(judge(fits, W1)).toEqual([]);
  });

  it('refuses where there is nothing to go back to, or from', () => {
    const nothing = ['error rollback-nothing'];
    expect(judge(stuck(small, { upgraded: [N1, W1], facts: { previous: null } }), W1)).toEqual(nothing);
    expect(judge(stuck(small, { upgraded: [N1, W1] }), N1)).toEqual(nothing);
    const waiting = { previous: V35, binaries: [{ path: '/usr/local/bin/rke2', version: V35 }] };
    expect(judge(stuck(small, { upgraded: [N1, W1], facts: waiting, startedWith: 'x' }), W1)).toEqual(
      nothing,
    );
    // It was put back, and nobody saw it READY.
    expect(judge(stuck(small, { upgraded: [N1, W1], facts: waiting }), W1)).toEqual([]);
    const packages = stuck(small, { upgraded: [N1, W1], facts: { previous: null, rpm: true } });
    const [found] = checkRollback(packages, [W1]);
    expect(found).toMatchObject({ code: 'rollback-packages', severity: 'error' });
    expect(found?.hint).toContain("dnf downgrade 'rke2-*-1.35.7~rke2r1'");
    expect(found?.hint).toContain('systemctl restart rke2-agent');
  });

  it('refuses whom it does not know, cannot reach, or never saw READY, and while the cluster is taken away', () => {
    const input = stuck(small, { upgraded: [N1, W1] });
    expect(judge(input, 'nobody')).toEqual(['error rollback-unknown']);
    const away = {
      ...input,
      observed: {
        hosts: {
          ...input.observed.hosts,
          [W1]: { reachable: false as const, error: { code: 'x', message: '', hint: '' } },
        },
      },
    };
    expect(judge(away, '10.0.0.4')).toEqual(['error rollback-unreachable']);
    const records = Object.entries(input.state.nodes).map(([id, record]) => [
      id,
      { ...record, phase: 'staged' as const },
    ]);
    const staged = { ...input, state: { ...input.state, nodes: Object.fromEntries(records) } };
    expect(judge(staged, W1)).toEqual(['error rollback-never-ready']);
    expect(judge({ ...input, state: { ...input.state, removing: true } }, W1)).toEqual([
      'error rollback-removing',
    ]);
  });
});

describe('planRollback', () => {
  it('puts back and starts what was named, waits for it, and deletes what was put by', () => {
    const plan = planRollback(stuck(small, { upgraded: [N1, W1] }), [W1]);
    expect(
      plan.steps.map(({ id, needs, after }) => [id, ...needs, ...after.map((each) => `~${each}`)]),
    ).toEqual([
      [`restore-previous ${W1}`],
      [`start-service ${W1}`, `restore-previous ${W1}`],
      [`verify-nodes ${N1}`, `~restore-previous ${W1}`, `~start-service ${W1}`],
      [`drop-previous ${W1}`, `start-service ${W1}`, `verify-nodes ${N1}`],
      [`copy-state ${N1}`, `~verify-nodes ${N1}`, `~drop-previous ${W1}`],
    ]);
    expect(find(plan, 'restore-previous', W1)).toMatchObject({
      version: V35,
      images: ['rke2-images.linux-amd64.tar.zst'],
    });
    expect(find(plan, 'start-service', W1)).toMatchObject({ restart: true, voter: false, join: null });
    expect(find(plan, 'verify-nodes', N1).nodes.map(({ key }) => key)).toEqual([W1]);
  });

  it('starts a service that has given up, and asks a control plane that stays as it is', () => {
    const plan = planRollback(stuck(three, { upgraded: [N1], unit: 'failed' }), [N1]);
    expect(find(plan, 'start-service', N1)).toMatchObject({ restart: false, voter: true });
    expect(find(plan, 'verify-nodes', N2).needs).toEqual([]);
  });

  it('waits for the start of a lone server before it asks it', () => {
    const plan = planRollback(stuck(small, { upgraded: [N1] }), [N1]);
    expect(find(plan, 'verify-nodes', N1).needs).toEqual([`start-service ${N1}`]);
  });

  it('lets pods onto it again when the upgrade had emptied it', () => {
    const input = stuck(small, { upgraded: [N1, W1] });
    const hosts = Object.fromEntries(
      Object.entries(input.observed.hosts).map(([key, host]) => {
        if (!host.reachable) return [key, host];
        const nodes =
          host.facts.rke2.nodes?.map((node) => ({ ...node, drainedByUs: node.name === 'h1' })) ?? null;
        return [key, { ...host, facts: rke2(host.facts, { nodes }) }];
      }),
    );
    const plan = planRollback({ ...input, observed: { hosts } }, [W1]);
    expect(find(plan, 'uncordon', W1)).toMatchObject({ needs: [`start-service ${W1}`], via: [N1] });
  });

  it('takes servers one after the other, and workers last', () => {
    const patch = { to: 'v1.35.8+rke2r1', upgraded: [N1, N2, W1] };
    const plan = planRollback(stuck(three, patch), [W1, N2, N1]);
    expect(find(plan, 'restore-previous', N2).needs).toEqual([`start-service ${N1}`]);
    expect(find(plan, 'restore-previous', W1).needs).toEqual([`start-service ${N1}`, `start-service ${N2}`]);
  });
});
