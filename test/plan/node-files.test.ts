import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Addon, Cluster } from '../../src/domain/cluster.ts';
import type { Plan, StepOf } from '../../src/domain/plan.ts';
import { Secret } from '../../src/domain/secret.ts';
import { nodeFilePaths } from '../../src/render/node-files.ts';
import { carryOut, converge, order } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planWorld, type World } from '../support/model-hosts.ts';

const nodes = [
  makeNode('10.0.0.1', ['etcd', 'controlplane']),
  makeNode('10.0.0.2', ['etcd']),
  makeNode('10.0.0.3', ['controlplane']),
  makeNode('10.0.0.4', ['worker']),
];
const MANIFESTS = '/var/lib/rancher/rke2/server/manifests';
const POLICY = '/etc/rancher/rke2/rke2ctl/audit-policy.yaml';
const SECRETS = '/etc/rancher/rke2/config.yaml.d/20-rke2ctl-secrets.yaml';

function addon(name: string, text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`): Addon {
  return { name, source: { text } };
}

const CRD =
  'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.x.io}\n';

function up(overrides: Partial<Cluster>): World {
  return converge(makeWorld(makeCluster({ nodes, ...overrides }), { firewalld: false })).world;
}

function changed(world: World, overrides: Partial<Cluster>): World {
  return { ...world, cluster: { ...world.cluster, ...overrides } };
}

function steps<K extends Plan['steps'][number]['kind']>(plan: Plan, kind: K): readonly StepOf<K>[] {
  return plan.steps.filter((step): step is StepOf<K> => step.kind === kind);
}

function restarted(plan: Plan): readonly string[] {
  return steps(plan, 'start-service').map((step) => step.node?.address ?? '');
}

describe('files of a cluster that is up', () => {
  it('restart those that read them at their start when they change, servers one at a time', () => {
    const world = up({
      rke2: { server: {}, agent: {}, secrets: { 'etcd-s3-secret-key': new Secret('one') } },
    });
    const plan = planWorld(
      changed(world, {
        rke2: { server: {}, agent: {}, secrets: { 'etcd-s3-secret-key': new Secret('two') } },
      }),
    );
    expect(steps(plan, 'write-files').map((step) => step.files.map(({ path }) => path))).toEqual([
      [SECRETS],
      [SECRETS],
      [SECRETS],
    ]);
    expect(restarted(plan)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(steps(plan, 'start-service')[1]?.needs).toContain('start-service 10.0.0.1:22');
    expect(JSON.stringify(plan)).not.toMatch(/"two"/);
  });

  it.each<[string, Partial<Cluster>, readonly string[]]>([
    [
      'a proxy',
      { environment: { HTTP_PROXY: 'http://p:1' } },
      ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'],
    ],
    [
      'a policy',
      { files: [{ path: POLICY, content: 'kind: Policy\n', on: 'servers' }] },
      ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
    ],
    ['a file of agents', { files: [{ path: POLICY, content: 'x', on: 'agents' }] }, ['10.0.0.4']],
    ['an addon', { addons: [addon('one')] }, []],
    ['values of a chart', { chartValues: { 'rke2-canal': { flannel: { iface: 'eth1' } } } }, []],
  ])('%s that comes, and goes again', (_what, overrides, restarts) => {
    const before = up({});
    const coming = planWorld(changed(before, overrides));
    expect(restarted(coming)).toEqual(restarts);
    const there = converge(changed(before, overrides));
    expect(there.rounds).toBe(1);
    const none = { environment: {}, files: [], addons: [], chartValues: {} };
    const going = planWorld(changed(there.world, none));
    expect(restarted(going)).toEqual(restarts);
    expect(steps(going, 'write-files').flatMap((step) => step.removed)).not.toEqual([]);
    const gone = converge(changed(there.world, none));
    expect(gone.rounds).toBe(1);
    for (const facts of Object.values(gone.world.hosts)) {
      const { marker } = facts.rke2;
      expect(marker !== 'unreadable' && marker?.files).toEqual(Object.keys(facts.rke2.files));
    }
  });

  it('are named by the marker until they are gone, and by the next one no more', () => {
    const world = up({ environment: { A: 'b' } });
    const plan = planWorld(changed(world, { environment: {} }));
    const claims = steps(plan, 'claim').filter((step) => step.node?.address === '10.0.0.4');
    expect(claims.map((step) => step.id)).toEqual(['claim 10.0.0.4:22 again']);
    expect(claims[0]?.needs).toEqual(['write-files 10.0.0.4:22']);
    expect(claims[0]?.marker.files).not.toContain('/etc/default/rke2-agent');
  });
});

describe('CAs that the file brings', () => {
  const TLS = '/var/lib/rancher/rke2/server/tls';
  const files: Cluster['files'] = [
    { path: `${TLS}/server-ca.crt`, content: 'certificate', on: 'founder' },
    { path: `${TLS}/server-ca.key`, content: new Secret('key'), on: 'founder' },
  ];

  it('are written on the server that founds the cluster, before its first start, and never again', () => {
    const world = makeWorld(makeCluster({ nodes, files }), { firewalld: false });
    const plan = planWorld(world);
    const having = steps(plan, 'write-files').filter((step) =>
      step.files.some(({ path }) => path.startsWith(TLS)),
    );
    expect(having.map((step) => step.node?.address)).toEqual(['10.0.0.1']);
    expect(having[0]?.files.map(({ path, mode }) => `${mode} ${path}`)).toEqual(
      expect.arrayContaining([`0600 ${TLS}/server-ca.crt`, `0600 ${TLS}/server-ca.key`]),
    );
    const start = steps(plan, 'start-service').find((step) => step.node?.address === '10.0.0.1');
    expect(start?.needs).toContain(having[0]?.id);
    for (const claim of steps(plan, 'claim'))
      expect(claim.marker.files.filter((path) => path.startsWith(TLS))).toEqual([]);
    const there = converge(world);
    expect(there.rounds).toBe(1);
    const other = files.map((file) => ({ ...file, content: 'other' }));
    for (const cluster of [{}, { files: other }, { files: [] }])
      expect(planWorld(changed(there.world, cluster)).steps.map(({ id }) => id)).toEqual([]);
  });
});

describe('workers in service that start anew', () => {
  const workers = Array.from({ length: 20 }, (_, index) => makeNode(`10.0.1.${index + 1}`, ['worker']));
  const many = [makeNode('10.0.0.1', ['etcd', 'controlplane']), ...workers];

  /** Which worker waits for which, as their places in the file. */
  function waits(most: string): readonly (readonly [number, number])[] {
    const cluster = makeCluster({ nodes: many });
    const upgrade = { ...cluster.upgrade, maxUnavailableWorker: most };
    const { world } = converge(makeWorld({ ...cluster, upgrade }, { firewalld: false }));
    const place = (key: string | undefined) => workers.findIndex((node) => node.key === key);
    return steps(planWorld(changed(world, { environment: { A: 'b' } })), 'start-service').flatMap((step) =>
      step.needs.flatMap((id): [number, number][] => {
        const before = place(id.replace('start-service ', ''));
        return id.startsWith('start-service') && before >= 0 ? [[place(step.node?.key), before]] : [];
      }),
    );
  }

  it('are never more at once than may be out of service, and one that fails counts as such', () => {
    expect(waits('3').slice(0, 3)).toEqual([
      [3, 0],
      [4, 1],
      [5, 2],
    ]);
    expect(waits('10%').slice(0, 2)).toEqual([
      [2, 0],
      [3, 1],
    ]);
    expect(waits('1%')).toHaveLength(19);
    expect(waits('100%')).toEqual([]);
  });

  it('hold nobody up who joins', () => {
    const plan = planWorld(makeWorld(makeCluster({ nodes: many }), { firewalld: false }));
    const joining = steps(plan, 'start-service').filter(({ node }) => node?.service === 'rke2-agent');
    expect(joining.every(({ needs }) => !needs.some((id) => id.startsWith('start-service 10.0.1.')))).toBe(
      true,
    );
  });
});

describe('an addon', () => {
  it('lies on every control plane, and on no other node', () => {
    const { hosts } = up({ addons: [addon('one')] });
    const holders = Object.keys(hosts).filter(
      (key) => hosts[key]?.rke2.files[`${MANIFESTS}/rke2ctl-one.yaml`],
    );
    expect(holders).toEqual(['10.0.0.1:22', '10.0.0.3:22']);
  });

  it('that left the file is deleted from the cluster after its manifest is gone everywhere', () => {
    const world = up({ addons: [addon('one'), addon('two')] });
    const plan = planWorld(changed(world, { addons: [addon('two')] }));
    expect(steps(plan, 'delete-addon')).toMatchObject([
      {
        name: 'one',
        objects: [{ kind: 'ConfigMap', name: 'one', namespace: null, apiVersion: 'v1' }],
        forget: true,
        needs: ['write-files 10.0.0.1:22', 'write-files 10.0.0.3:22'],
      },
    ]);
    expect(steps(plan, 'start-service')).toEqual([]);
  });

  it('is not forgotten while a control plane that may hold its manifest is not reached', () => {
    const world = up({ addons: [addon('one')] });
    const away: World = { ...changed(world, { addons: [] }), down: ['10.0.0.3:22'] };
    expect(steps(planWorld(away), 'delete-addon')[0]?.forget).toBe(false);
    const later: World = { ...carryOut(away, planWorld(away).steps), down: [] };
    expect(steps(planWorld(later), 'delete-addon')[0]?.needs).toEqual(['write-files 10.0.0.3:22']);
    expect(Object.keys(converge(later).world.state.addons)).toEqual([]);
  });

  it('keeps what another one brings now', () => {
    const shared = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\n';
    const world = up({ addons: [addon('one', `${shared}---\n${shared.replace('shared', 'own')}`)] });
    const plan = planWorld(changed(world, { addons: [addon('two', shared)] }));
    expect(steps(plan, 'delete-addon')[0]?.objects.map(({ name }) => name)).toEqual(['own']);
  });

  it('that changed keeps what it brought before in mind until RKE2 has the new text', () => {
    const world = up({ addons: [addon('one')] });
    const next = changed(world, {
      addons: [addon('one', 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n')],
    });
    const half = carryOut(next, planWorld(next).steps.slice(0, 1));
    expect(half.state.addons['one']).toMatchObject({
      objects: [{ kind: 'Secret' }],
      former: [{ kind: 'ConfigMap' }],
    });
    const withdrawn = planWorld(changed(half, { addons: [] }));
    expect(steps(withdrawn, 'delete-addon')[0]?.objects.map(({ kind }) => kind)).toEqual([
      'Secret',
      'ConfigMap',
    ]);
    const { world: whole } = converge(half);
    expect(planWorld(whole).steps).toEqual([]);
    // Whoever brings it now, it is no longer ours to delete.
    const later = planWorld(changed(whole, { addons: [] }));
    expect(steps(later, 'delete-addon')[0]?.objects.map(({ kind }) => kind)).toEqual(['Secret']);
  });

  it('that is one of several to go leaves controllers, kinds and namespaces for the end, in this order', () => {
    const world = up({
      addons: [
        addon('a-space', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n'),
        addon('b-kind', CRD),
        addon('c-thing', 'apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\n'),
        addon('d-thing'),
      ],
    });
    const going = steps(planWorld(changed(world, { addons: [] })), 'delete-addon');
    expect(going.map(({ name }) => name)).toEqual(['c-thing', 'd-thing', 'b-kind', 'a-space']);
    expect(going.map(({ after }) => after.filter((id) => id.startsWith('delete')))).toEqual([
      [],
      ['delete-addon c-thing'],
      ['delete-addon d-thing'],
      ['delete-addon b-kind'],
    ]);
  });

  it('is looked after once it is written', () => {
    const plan = planWorld(changed(up({}), { addons: [addon('one')] }));
    expect(steps(plan, 'verify-addons')[0]?.addons.map(({ name }) => name)).toEqual(['one']);
  });
});

const contents: fc.Arbitrary<Partial<Cluster>> = fc
  .record({
    addons: fc.subarray(['one', 'two', 'three']),
    text: fc.constantFrom('a', 'b'),
    values: fc.constantFrom({}, { 'rke2-canal': { mtu: 1400 } }, { 'rke2-canal': { mtu: 1450 } }),
    files: fc.subarray(['audit-policy.yaml', 'registries/a/ca.crt']),
    on: fc.constantFrom('servers' as const, 'agents' as const, 'all' as const),
    environment: fc.constantFrom({}, { HTTP_PROXY: 'http://p' }, { HTTP_PROXY: new Secret('http://u:p@p') }),
    secrets: fc.constantFrom({}, { 'etcd-s3-access-key': new Secret('k') }),
  })
  .map(({ addons, text, values, files, on, environment, secrets }) => ({
    addons: addons.map((name) =>
      addon(name, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {v: ${text}}\n`),
    ),
    chartValues: values,
    files: files.map((name) => ({ path: `/etc/rancher/rke2/rke2ctl/${name}`, content: text, on })),
    environment,
    rke2: { server: {}, agent: {}, secrets },
  }));

describe('any change of what the file brings', () => {
  it('ends as the file says, from any half-done state, with nothing of before left', () => {
    fc.assert(
      fc.property(contents, contents, fc.nat(30), fc.array(fc.nat(50)), (before, after, cut, choices) => {
        const next = changed(up(before), after);
        let turn = 0;
        const pick = <T>(ready: readonly T[]): T =>
          ready[(choices[turn++ % Math.max(choices.length, 1)] ?? 0) % ready.length] as T;
        const half = carryOut(next, order(planWorld(next), pick).slice(0, cut));
        const { world } = converge(half);
        for (const node of world.cluster.nodes) {
          const { files, marker } = world.hosts[node.key]?.rke2 ?? { files: {}, marker: null };
          expect(Object.keys(files).sort()).toEqual([...nodeFilePaths(world.cluster, node)].sort());
          expect(marker !== null && marker !== 'unreadable' && [...marker.files].sort()).toEqual(
            Object.keys(files).sort(),
          );
        }
        const wanted = (after.addons ?? []).map(({ name }) => name);
        const values = Object.keys(after.chartValues ?? {}).map((name) => `values-${name}`);
        expect(Object.keys(world.state.addons).sort()).toEqual([...wanted, ...values].sort());
      }),
      { numRuns: 40 },
    );
  });
});
