import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { renderPlan } from '../../src/ui/plan-view.ts';
import { PLAIN_STYLE } from '../../src/ui/style.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeMarker } from '../support/make-facts.ts';
import { makeWorld, planWorld } from '../support/model-hosts.ts';
import { plannedNode, planOf } from './scripted-run.ts';

const SERVER = plannedNode(1, ['etcd', 'controlplane']);
const WORKER = plannedNode(2, ['worker']);
const base = (kind: string, node: Step['node'], reason: string) => ({
  id: `${kind} ${node?.key ?? ''}`,
  node,
  reason,
  needs: [],
  after: [],
});
const files = [{ name: 'rke2.linux-amd64.tar.gz', sha256: 'a', sizeBytes: 40 * 1024 ** 2 }];
const nothing = { zone: 'public', ports: [], richRules: [], trustedSources: [], ipsets: {} };

const STEPS: readonly Step[] = [
  { kind: 'claim', marker: makeMarker(), bootstrap: true, ...base('claim', SERVER, 'no cluster has it yet') },
  {
    kind: 'stage-artifacts',
    arch: 'amd64',
    tarball: null,
    images: files,
    ...base('stage', SERVER, 'not there yet'),
  },
  {
    kind: 'install',
    obsolete: [],
    version: 'v1.35.7+rke2r1',
    way: { method: 'airgap', tarball: { name: 't', sha256: 'a', sizeBytes: 1 }, prefix: '/opt/rke2' },
    ...base('install', SERVER, 'RKE2 is not installed'),
  },
  {
    kind: 'open-firewall',
    add: { ...nothing, ports: ['9345/tcp', '6443/tcp'] },
    remove: nothing,
    reload: true,
    ...base('open', SERVER, 'two ports are closed'),
  },
  {
    kind: 'write-files',
    files: [{ path: '/etc/rancher/rke2/config.yaml', sha256: 'a', mode: '0600' }],
    removed: ['/etc/rancher/rke2/registries.yaml'],
    ...base('write', SERVER, 'config.yaml differs'),
  },
  { kind: 'start-service', join: null, voter: true, restart: false, ...base('start', SERVER, 'it is new') },
  {
    kind: 'start-service',
    join: { key: SERVER.key, address: SERVER.address },
    voter: false,
    restart: false,
    ...base('start', WORKER, 'it is new'),
  },
  { kind: 'check-ports', probes: [], ...base('check', null, 'nodes join in this run') },
];

describe('renderPlan', () => {
  it('tells host by host what would be done, and why', () => {
    const plan = { ...planOf(STEPS), unreachable: ['10.0.0.9:22'] };
    expect(renderPlan(plan)).toMatchInlineSnapshot(`
      "node-1  10.0.0.1  etcd+controlplane
        + mark the host as first node of this cluster                  no cluster has it yet
        + send 1 file, 40 MiB                                          not there yet
        + install RKE2 v1.35.7+rke2r1 below /opt/rke2                  RKE2 is not installed
        + open the firewall (2 rules), reload firewalld once           two ports are closed
        + write config.yaml; delete /etc/rancher/rke2/registries.yaml  config.yaml differs
        + start rke2-server as a new cluster                           it is new

      node-2  10.0.0.2  worker
        + start rke2-agent joining 10.0.0.1  it is new

      The cluster
        + try 0 ports between the nodes  nodes join in this run

      10.0.0.9  not reached, left out
      8 steps on 2 hosts to bring cluster prod to RKE2 v1.35.7+rke2r1; 1 host not reached.
      "
    `);
  });

  it('says when there is nothing to do', () => {
    expect(renderPlan(planOf([]))).toBe('Nothing to do: cluster prod is as the file says.\n');
  });

  it('says what a removal takes away', () => {
    const steps: readonly Step[] = [
      { kind: 'uninstall', marker: null, ...base('uninstall', SERVER, 'the cluster goes') },
      { kind: 'forget-state', ...base('forget', null, 'every host is clean') },
    ];
    const text = renderPlan({ ...planOf(steps), purpose: 'remove' });
    expect(text).toContain('- take RKE2, its data and everything of ours off the host');
    expect(text).toContain('2 steps on 1 host to remove cluster prod.');
  });
});

const CONTEXT = { diffs: [], away: [], notes: [], command: 'rke2ctl up' };

function clusterOf(servers: number, workers: number): Cluster {
  const nodes = (count: number, roles: readonly Role[], name: string, net: number) =>
    Array.from({ length: count }, (_, index) =>
      makeNode(`10.0.${net}.${index + 1}`, roles, { name: `${name}-${index + 1}` }),
    );
  return makeCluster({
    nodes: [
      ...nodes(servers, ['etcd', 'controlplane'], 'server', 0),
      ...nodes(workers, ['worker'], 'worker', 1),
    ],
  });
}

/** The plan for another file over a cluster that is as its own says. */
function planChange(before: Cluster, change: Partial<Cluster>): Plan {
  const { world } = converge(makeWorld(before, { firewalld: false }));
  return planWorld({ ...world, cluster: { ...before, ...change } });
}

const restart = {
  rke2: { server: { 'write-kubeconfig-mode': '0600' }, agent: { 'lb-server-port': 6444 }, secrets: {} },
};

describe('a plan of many nodes', () => {
  it('shows servers one after the other with what becomes of etcd, and workers together', () => {
    const text = renderPlan(planChange(clusterOf(3, 20), restart), PLAIN_STYLE, CONTEXT);
    expect(text).toMatchInlineSnapshot(`
      "Changed in the file
        + rke2.server.write-kubeconfig-mode: 0600
        + rke2.agent.lb-server-port: 6444

      server-1  10.0.0.1  etcd+controlplane
        + write config.yaml    config.yaml to be written
        ~ restart rke2-server  what it reads only at start has changed
            ! etcd 3 of 3 → 2 of 3 while it restarts

      server-2  10.0.0.2  etcd+controlplane
        + write config.yaml    config.yaml to be written
        ~ restart rke2-server  what it reads only at start has changed
            ! etcd 3 of 3 → 2 of 3 while it restarts

      server-3  10.0.0.3  etcd+controlplane
        + write config.yaml    config.yaml to be written
        ~ restart rke2-server  what it reads only at start has changed
            ! etcd 3 of 3 → 2 of 3 while it restarts

      20 nodes, 2 at a time: worker-1, worker-2, worker-3, worker-4, worker-5 and 15 more  worker
        + write config.yaml   config.yaml to be written
        ~ restart rke2-agent  what it reads only at start has changed
            ! the service restarts; pods keep running

      The cluster
        + wait until 23 nodes are Ready                   nodes start in this run
        + write the kubeconfig for https://10.0.0.1:6443  so that kubectl reaches the cluster from here
        + keep a copy of the state in the cluster         a copy of the state lives in the cluster

      49 steps on 23 hosts, 23 restarts to bring cluster local to RKE2 v1.35.7+rke2r1. Do it: rke2ctl up
      "
    `);
  });

  it('shows who leaves, and what is lost of etcd', () => {
    const before = clusterOf(3, 1);
    const nodes = before.nodes.filter(({ name }) => name !== 'server-3');
    const text = renderPlan(planChange(before, { nodes }), PLAIN_STYLE, CONTEXT);
    expect(text).toMatchInlineSnapshot(`
      "Changed in the file
        - nodes[server-3]: was {"address":"10.0.0.3","role":["etcd","controlplane"]}

      server-3  10.0.0.3  etcd+controlplane  leaves the cluster
        + save the etcd snapshot rke2ctl-1-leave-server-3 on server-1  the members of etcd are about to change: one goes
        ~ cordon it and evict its pods                                 its pods go elsewhere before it does
            ! its pods move to other nodes
        - delete its Node and see its etcd member out                  the file no longer names it
            ! etcd 3 members → 2
        - take RKE2, its data and everything of ours off the host      it is no member any more

      The cluster
        + write the kubeconfig for https://10.0.0.1:6443  so that kubectl reaches the cluster from here
        + keep a copy of the state in the cluster         a copy of the state lives in the cluster

      6 steps on 2 hosts, 1 node leaving to bring cluster local to RKE2 v1.35.7+rke2r1. Do it: rke2ctl up
      "
    `);
  });

  it('stays short with 200 workers', () => {
    const text = renderPlan(
      planWorld(makeWorld(clusterOf(1, 200), { firewalld: false })),
      PLAIN_STYLE,
      CONTEXT,
    );
    expect(text.split('\n').length).toBeLessThan(30);
    expect(text).toContain('200 nodes: worker-1, worker-2, worker-3, worker-4, worker-5 and 195 more');
  });

  it('says so when the only server restarts', () => {
    const text = renderPlan(planChange(clusterOf(1, 1), restart), PLAIN_STYLE, CONTEXT);
    expect(text).toContain('etcd 1 of 1 → 0 of 1 while it restarts; the API is away meanwhile');
  });

  it('counts members that were not reached', () => {
    const plan = planChange(clusterOf(3, 0), restart);
    const [, , third] = plan.nodes;
    const without: Plan = {
      ...plan,
      nodes: plan.nodes.slice(0, 2),
      steps: plan.steps.filter(({ node }) => node?.key !== third?.key),
      unreachable: ['10.0.0.3:22'],
    };
    const text = renderPlan(without, PLAIN_STYLE, { ...CONTEXT, away: [['etcd', 'controlplane']] });
    expect(text).toContain(
      'etcd 2 of 3 → 1 of 3 while it restarts; without a majority nothing can be written meanwhile',
    );
  });
});

describe('what changed and what drifted', () => {
  it('is told before the steps, alike drift of several nodes once', () => {
    const edited = (node: string) => ({
      node,
      kind: 'file' as const,
      subject: '/etc/rancher/rke2/config.yaml',
      message: '/etc/rancher/rke2/config.yaml was edited on the host',
      mended: true,
    });
    const text = renderPlan({
      ...planOf([]),
      changes: [
        { path: 'kubernetes_version', before: 'v1.34.1+rke2r1', after: 'v1.35.7+rke2r1' },
        { path: 'nodes[worker-9]', before: null, after: { address: '10.0.1.9', role: ['worker'] } },
        { path: 'nodes[worker-1].labels.disk', before: 'ssd', after: null },
        { path: 'private_registries[0].password', before: null, after: null },
      ],
      drift: [
        edited('worker-1'),
        edited('worker-2'),
        {
          node: null,
          kind: 'member-more',
          subject: 'x',
          message: 'etcd has a member x that nobody knows',
          mended: false,
        },
      ],
    });
    expect(text).toMatchInlineSnapshot(`
      "Changed in the file
        ~ kubernetes_version: v1.34.1+rke2r1 → v1.35.7+rke2r1
        + nodes[worker-9]: {"address":"10.0.1.9","role":["worker"]}
        - nodes[worker-1].labels.disk: was ssd
        ~ private_registries[0].password: another value, which is not told

      Drifted on the hosts
        ~ worker-1, worker-2: /etc/rancher/rke2/config.yaml was edited on the host
        ! etcd has a member x that nobody knows

      Nothing that \`up\` would do: 1 thing above is for you to decide.
      "
    `);
  });
});

describe('how files change', () => {
  it('is shown file by file with the nodes', () => {
    const diffs = [
      {
        path: '/etc/rancher/rke2/config.yaml',
        nodes: ['worker-1', 'worker-2'],
        change: 'changed' as const,
        lines: ['@@ -3,2 +3,3 @@', ' a: 1', '-b: 2', '+b: 3', '+c: \u001b[31mred'],
        note: null,
      },
      {
        path: '/etc/rancher/rke2/registries.yaml',
        nodes: ['worker-1'],
        change: 'changed' as const,
        lines: [],
        note: 'secret, changed',
      },
    ];
    const text = renderPlan(planOf([]), PLAIN_STYLE, { ...CONTEXT, diffs });
    expect(text).toMatchInlineSnapshot(`
      "Files
        /etc/rancher/rke2/config.yaml  on 2 nodes: worker-1, worker-2; shown as on the first
          @@ -3,2 +3,3 @@
           a: 1
          -b: 2
          +b: 3
          +c: red
        /etc/rancher/rke2/registries.yaml  on worker-1  (secret, changed)

      Nothing to do: cluster prod is as the file says.
      "
    `);
  });
});
