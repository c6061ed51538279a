import { describe, expect, it } from 'vitest';
import type { Cluster, NodeKey } from '../../src/domain/cluster.ts';
import type { FirewallFacts, HostFacts, Rke2Facts } from '../../src/domain/observed.ts';
import type { Plan, StepOf } from '../../src/domain/plan.ts';
import { INOTIFY_SYSCTL_PATH, REGISTRIES_PATH } from '../../src/rke2/paths.ts';
import { carryOut, converge, first, order } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planWorld, type World, withFacts } from '../support/model-hosts.ts';

const KEY = '10.0.0.1:22';
const WORKER = '10.0.0.4:22';
const three = makeCluster({
  nodes: [
    makeNode('10.0.0.1', ['etcd', 'controlplane']),
    makeNode('10.0.0.2', ['etcd', 'controlplane']),
    makeNode('10.0.0.3', ['etcd', 'controlplane']),
    makeNode('10.0.0.4', ['worker']),
  ],
});

/** A world in which this cluster is up. */
function settled(cluster: Cluster = three, firewalld = true): World {
  return converge(makeWorld(cluster, { firewalld })).world;
}

function withRke2(world: World, key: NodeKey, change: (rke2: Rke2Facts) => Partial<Rke2Facts>): World {
  return withFacts(world, key, (facts) => ({
    ...facts,
    rke2: { ...facts.rke2, ...change(facts.rke2) },
  }));
}

function ids(plan: Plan): readonly string[] {
  return plan.steps.map((step) => step.id);
}

function find<K extends Plan['steps'][number]['kind']>(plan: Plan, kind: K, key: NodeKey): StepOf<K> {
  const step = plan.steps.find((candidate) => candidate.kind === kind && candidate.node?.key === key);
  if (step === undefined) throw new Error(`no ${kind} ${key} in ${ids(plan).join(', ')}`);
  return step as StepOf<K>;
}

describe('drift of a node that is up', () => {
  it('is none where nothing was touched', () => {
    expect(ids(planWorld(settled()))).toEqual([]);
  });

  it.each([
    ['a config.yaml edited by hand', '/etc/rancher/rke2/config.yaml', { sha256: 'f'.repeat(64) }, true],
    ['a config.yaml that all may read', '/etc/rancher/rke2/config.yaml', { mode: '0644' }, false],
    ['a token file that all may read', '/etc/rancher/rke2/agent-token', { mode: '0644' }, false],
  ])('%s is written again', (_what, path, change, restarts) => {
    const world = withRke2(settled(), WORKER, ({ files }) => ({
      files: { ...files, [path]: { sha256: '', mode: '', ...files[path], ...change } },
    }));
    const plan = planWorld(world);
    expect(find(plan, 'write-files', WORKER).files.map((file) => file.path)).toEqual([path]);
    expect(ids(plan).includes(`start-service ${WORKER}`)).toBe(restarts);
    expect(converge(world).rounds).toBe(1);
  });

  it('a missing program is installed again, and the service started anew', () => {
    const plan = planWorld(withRke2(settled(), WORKER, () => ({ binaries: [] })));
    expect(find(plan, 'install', WORKER).version).toBe('v1.35.7+rke2r1');
    expect(find(plan, 'stage-artifacts', WORKER).tarball).not.toBeNull();
    expect(find(plan, 'start-service', WORKER)).toMatchObject({ restart: true, join: null });
  });

  it('a missing image bundle is staged again, without the tarball and without a restart', () => {
    const plan = planWorld(withRke2(settled(), WORKER, () => ({ images: [] })));
    expect(find(plan, 'stage-artifacts', WORKER).tarball).toBeNull();
    expect(ids(plan)).not.toContain(`start-service ${WORKER}`);
  });

  it.each([
    ['a stopped service', { active: 'inactive' }],
    ['a failed service', { active: 'failed' }],
    ['a disabled service', { enabled: false }],
  ])('%s is started, and joins nobody anew', (_what, change) => {
    const plan = planWorld(withRke2(settled(), WORKER, ({ agent }) => ({ agent: { ...agent, ...change } })));
    expect(find(plan, 'start-service', WORKER)).toMatchObject({ restart: false, join: null });
  });

  it('a marker that is gone or damaged is written again', () => {
    for (const marker of [null, 'unreadable'] as const) {
      const plan = planWorld(withRke2(settled(), WORKER, () => ({ marker })));
      expect(ids(plan)).toContain(`claim ${WORKER}`);
    }
  });
});

describe('a run that was cut off', () => {
  it('starts a half-joined node as one that joins: its CA is there, its membership is not', () => {
    const world = makeWorld(three, { firewalld: false });
    const steps = order(planWorld(world), first);
    const half = carryOut(
      world,
      steps.slice(
        0,
        steps.findIndex((step) => step.id === 'start-service 10.0.0.2:22'),
      ),
    );
    const cut = withRke2(half, '10.0.0.2:22', () => ({ caHash: 'c'.repeat(64) }));
    expect(find(planWorld(cut), 'start-service', '10.0.0.2:22').join?.key).toBe(KEY);
  });

  it('starts a service anew that still waits with a config.yaml which has changed since', () => {
    const world = makeWorld(three, { firewalld: false });
    const waiting = withRke2(world, KEY, ({ server }) => ({
      server: { ...server, exists: true, active: 'activating', enabled: true },
    }));
    expect(find(planWorld(waiting), 'start-service', KEY).restart).toBe(true);
  });

  it('writes down who founds the cluster although the marker is as it must be', () => {
    const fresh = makeWorld(three, { firewalld: false });
    const claims = planWorld(fresh).steps.filter((step) => step.kind === 'claim' && step.node?.key !== KEY);
    // The first node is away now, so that the second is to found; then the run is cut off before it is seen READY.
    const away: World = { ...carryOut(fresh, claims), down: [KEY] };
    const plan = planWorld(away);
    expect(find(plan, 'claim', '10.0.0.2:22').bootstrap).toBe(true);
    const founded = carryOut(
      away,
      plan.steps.filter((step) => step.id === 'claim 10.0.0.2:22'),
    );
    const back = planWorld({ ...founded, down: [] });
    expect(find(back, 'start-service', KEY).join?.key).toBe('10.0.0.2:22');
  });

  it('writes a node down again that the state does not know', () => {
    const world = settled();
    expect(ids(planWorld({ ...world, state: { ...world.state, nodes: {} } }))).toContain(`claim ${WORKER}`);
  });
});

describe('after all members went down', () => {
  it('starts them together, as none gets READY without a majority', () => {
    const all = ['10.0.0.1:22', '10.0.0.2:22', '10.0.0.3:22'];
    const dark = all.reduce(
      (world, key) => withRke2(world, key, ({ server }) => ({ server: { ...server, active: 'inactive' } })),
      settled(),
    );
    const plan = planWorld(dark);
    for (const key of all) expect(find(plan, 'start-service', key).needs).toEqual([]);
  });

  it('lets a new one join only when they are back', () => {
    const stopped = withRke2(settled(), '10.0.0.2:22', ({ server }) => ({
      server: { ...server, active: 'failed' },
    }));
    const cluster = makeCluster({ nodes: [...three.nodes, makeNode('10.0.0.5', ['etcd'])] });
    const fresh = makeWorld(cluster, { firewalld: true }).hosts;
    const plan = planWorld({ ...stopped, cluster, hosts: { ...fresh, ...stopped.hosts } });
    expect(find(plan, 'start-service', '10.0.0.5:22').needs).toContain('save-snapshot join 10.0.0.5:22');
    const snapshot = plan.steps.find(({ id }) => id === 'save-snapshot join 10.0.0.5:22');
    expect(snapshot?.needs).toContain('start-service 10.0.0.2:22');
  });
});

describe('what the file no longer asks for', () => {
  it('takes registries.yaml away, which holds passwords, and has the service read that', () => {
    const registries = {
      mirrors: { 'docker.io': { endpoints: ['https://registry.example'], rewrites: {} } },
      configs: {},
      systemDefault: 'registry.example',
      onlyMirrors: false,
    };
    const world = settled(makeCluster({ nodes: three.nodes, registries }));
    const plan = planWorld({ ...world, cluster: three });
    expect(find(plan, 'write-files', WORKER).removed).toEqual([REGISTRIES_PATH]);
    expect(find(plan, 'start-service', WORKER).restart).toBe(true);
    expect(converge({ ...world, cluster: three }).rounds).toBe(1);
  });

  it('leaves a registries.yaml alone that is not ours', () => {
    const world = withRke2(settled(), WORKER, ({ files }) => ({
      files: { ...files, [REGISTRIES_PATH]: { sha256: 'e'.repeat(64), mode: '0600' } },
    }));
    expect(ids(planWorld(world))).toEqual([]);
  });

  it('remembers a file that was once prepared, so that `remove` takes it away', () => {
    const cluster = makeCluster({ nodes: three.nodes, prepare: ['inotify'] });
    const low = (facts: HostFacts) => ({ ...facts, inotify: { instances: 128, watches: 8192 } });
    const fresh = withFacts(makeWorld(cluster, { firewalld: false }), WORKER, low);
    expect(find(planWorld(fresh), 'claim', WORKER).marker.files).toContain(INOTIFY_SYSCTL_PATH);
    const done = converge(fresh).world;
    expect(ids(planWorld({ ...done, cluster: three }))).toEqual([]);
  });

  it('does not call a file its own that was there before', () => {
    const cluster = makeCluster({ nodes: three.nodes, prepare: ['inotify'] });
    const plan = planWorld(makeWorld(cluster, { firewalld: false }));
    expect(find(plan, 'claim', WORKER).marker.files).not.toContain(INOTIFY_SYSCTL_PATH);
  });
});

describe('firewalld', () => {
  const without = (name: 'richRules' | 'ports') => (facts: HostFacts) => {
    const firewall = facts.firewall as Extract<FirewallFacts, { provider: 'firewalld' }>;
    const zone = firewall.zones['public'];
    if (zone === undefined) throw new Error('no zone');
    const less = { ...zone, [name]: zone[name].slice(1) };
    return { ...facts, firewall: { ...firewall, zones: { ...firewall.zones, public: less } } };
  };

  it.each(['richRules', 'ports'] as const)('puts back what went missing from %s', (name) => {
    const world = withFacts(settled(), WORKER, without(name));
    expect(find(planWorld(world), 'open-firewall', WORKER).add[name]).toHaveLength(1);
  });

  it('fills an ipset of ours that somebody emptied, and takes it away from nobody, when a node has left, too', () => {
    const up = settled();
    const world = withFacts(
      { ...up, cluster: { ...three, nodes: three.nodes.filter(({ key }) => key !== WORKER) } },
      KEY,
      (facts) => ({
        ...facts,
        firewall: { ...facts.firewall, ipsets: { 'rke2ctl-nodes-4': [] } } as FirewallFacts,
      }),
    );
    const plan = planWorld(world);
    const opened = find(plan, 'open-firewall', KEY).add.ipsets['rke2ctl-nodes-4'];
    expect(opened).toEqual(expect.arrayContaining(['10.0.0.1', '10.0.0.2', '10.0.0.3']));
    const after = carryOut(world, order(plan, first)).hosts[KEY]?.firewall;
    expect(after).toMatchObject({ ipsets: { 'rke2ctl-nodes-4': ['10.0.0.1', '10.0.0.2', '10.0.0.3'] } });
  });

  it('keeps an emptied ipset of ours that is wanted still, when the record names one more who is gone already', () => {
    const world = withRke2(settled(), KEY, ({ marker }) => {
      if (marker === null || marker === 'unreadable' || marker.firewall === null)
        throw new Error('no marker');
      const ipsets = { 'rke2ctl-nodes-4': ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.9'] };
      return { marker: { ...marker, firewall: { ...marker.firewall, ipsets } } };
    });
    const emptied = withFacts(world, KEY, (facts) => ({
      ...facts,
      firewall: { ...facts.firewall, ipsets: { 'rke2ctl-nodes-4': [] } } as FirewallFacts,
    }));
    const steps = planWorld(emptied).steps.filter(({ kind }) => kind === 'open-firewall');
    expect(steps).toMatchObject([{ remove: { ipsets: {} } }]);
  });

  it('is reloaded before the first start only, as containers outlive a service that is down', () => {
    const fresh = planWorld(makeWorld(three, { firewalld: true }));
    expect(find(fresh, 'open-firewall', WORKER).reload).toBe(true);
    for (const active of ['active', 'inactive', 'failed']) {
      const world = withRke2(withFacts(settled(), WORKER, without('ports')), WORKER, ({ agent }) => ({
        agent: { ...agent, active },
      }));
      expect(find(planWorld(world), 'open-firewall', WORKER).reload).toBe(false);
    }
  });

  it('keeps in the marker what it must still close, until it is closed', () => {
    const open = makeCluster({
      nodes: three.nodes,
      firewall: { ...three.firewall, public: ['api', '8443/tcp'] },
    });
    const world: World = { ...settled(open), cluster: three };
    const plan = planWorld(world);
    const closing = `open-firewall ${WORKER} again`;
    const closed = (steps: Plan) => steps.steps.find(({ id }) => id === closing);
    expect(closed(plan)).toMatchObject({ remove: { ports: ['8443/tcp'] } });
    const upTo = (id: string) =>
      order(plan, first).slice(0, ids({ ...plan, steps: order(plan, first) }).indexOf(id));
    // Cut off between the claim and the change of the firewall.
    const cut = carryOut(world, upTo(closing));
    expect(closed(planWorld(cut))).toMatchObject({ remove: { ports: ['8443/tcp'] } });
    const end = converge(cut).world;
    expect(end.hosts[WORKER]?.rke2.marker).toMatchObject({
      firewall: { ports: expect.not.arrayContaining(['8443/tcp']) },
    });
  });
});
