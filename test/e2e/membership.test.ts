import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import type { Step, StepKind, StepOf } from '../../src/domain/plan.ts';
import type { NodeRecord } from '../../src/domain/state.ts';
import { inspectHost } from '../../src/host/inspect-host.ts';
import { awaitCharts } from '../../src/steps/await-charts.ts';
import { drain } from '../../src/steps/drain.ts';
import { install } from '../../src/steps/install.ts';
import { labelNode } from '../../src/steps/label-node.ts';
import { leaveCluster } from '../../src/steps/leave-cluster.ts';
import { saveSnapshot } from '../../src/steps/save-snapshot.ts';
import { uncordon } from '../../src/steps/uncordon.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { type LabRke2, openFirewall, useRke2 } from '../standin/lab-rke2.ts';
import { makeRelease } from '../standin/make-release.ts';
import { labStepContext, plannedNode } from '../support/lab-step-context.ts';

const INPUT = {
  force: false,
  ignoreDaemonsets: true,
  deleteEmptydir: false,
  gracePeriodSeconds: -1,
  timeoutSeconds: 60,
};

let lab: Lab;
let rke2: LabRke2;
const lost = new Set<string>();
const findings: Diagnostic[] = [];
let surroundings: ReturnType<typeof labStepContext>;

beforeAll(async () => {
  lab = await createLab({ name: 'membership', hosts: 3, sudo: 'root' });
  rke2 = useRke2(lab);
  await openFirewall(lab, rke2);
  await Promise.all(lab.hosts.map(({ name }) => rke2.install(name)));
  const server = `https://${lab.hosts[0]?.address}:9345`;
  for (const { name } of lab.hosts) {
    await rke2.configure(name, { token: 'sesame', ...(name === 'node1' ? {} : { server }) });
    expect(await rke2.start(name, 'server')).toBe(0);
  }
  surroundings = labStepContext(lab, lost, { reportFinding: (finding) => findings.push(finding) });
  const nodes = Object.fromEntries(
    lab.hosts.map(({ name }) => [
      name,
      { name, roles: ['etcd', 'controlplane', 'worker'] } as unknown as NodeRecord,
    ]),
  );
  await surroundings.context.learn((state) => ({ ...state, bootstrapNodeId: 'node1', nodes }));
});

afterAll(() => lab?.destroy());

/** A step about `name`, with what it needs beyond that. */
function step<K extends StepKind>(kind: K, name: string, more: object): StepOf<K> {
  const base = { id: `${kind} ${name}`, reason: '', needs: [], after: [], node: plannedNode(lab, name) };
  return { kind, ...base, ...more } as unknown as Extract<Step, { kind: K }> & StepOf<K>;
}

const VIA = ['node1', 'node2'];

async function apply(host: string, ...objects: readonly object[]): Promise<void> {
  const text = objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
  await rke2.kubectl(host, `apply --validate=false -f - <<'EOF'\n${text}EOF`);
}

describe('save-snapshot', () => {
  const save = (name: string) =>
    saveSnapshot.run(step('save-snapshot', 'node1', { name }), surroundings.context);
  const files = async () =>
    (await rke2.sh('node1', 'ls /var/lib/rancher/rke2/server/db/snapshots')).split('\n').filter(Boolean);

  it('saves one of a name once', async () => {
    await rke2.sh('node1', 'rke2 etcd-snapshot save --name mine');
    expect(await save('rke2ctl-1-join-node2')).toBe('done');
    expect(await save('rke2ctl-1-join-node2')).toBe('unchanged');
    expect(await files()).toEqual([
      expect.stringMatching(/^mine-node1-\d+$/),
      expect.stringMatching(/^rke2ctl-1-join-node2-node1-\d+$/),
    ]);
  });

  it('keeps the newest five of its own, and everybody else’s', async () => {
    const directory = '/var/lib/rancher/rke2/server/db/snapshots';
    const aged = [11, 12, 13, 14, 15].map((age) => `rke2ctl-0-x-node1-17000000${age}`);
    await rke2.sh('node1', `cd ${directory}; for f in ${aged.join(' ')}; do cp -p mine-* $f; done`);
    expect(await save('rke2ctl-2-join-node3')).toBe('done');
    expect((await files()).map((name) => name.replace(/-\d{10}$/, ''))).toEqual([
      'mine-node1',
      ...Array.from({ length: 3 }, () => 'rke2ctl-0-x-node1'),
      'rke2ctl-1-join-node2-node1',
      'rke2ctl-2-join-node3-node1',
    ]);
    expect(await files()).not.toContain(aged[1]);
  });
});

describe('the probe', () => {
  it('brings etcd’s members along, with curl and without', async () => {
    const look = async () => {
      const host = surroundings.context.host('node2');
      const { facts } = await inspectHost(host, { nodes: 'all', lock: null });
      return facts.rke2;
    };
    const { members, nodes } = await look();
    expect(members?.map(({ name }) => name.replace(/-[0-9a-f]{8}$/, '')).sort()).toEqual([
      'node1',
      'node2',
      'node3',
    ]);
    for (const member of members ?? [])
      expect([member.id, member.isLearner]).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), false]);
    expect(nodes?.map(({ drainedByUs }) => drainedByUs)).toEqual([false, false, false]);
    await rke2.sh('node2', 'mv /usr/bin/curl /usr/bin/no-curl');
    expect((await look()).members).toEqual(members);
    await rke2.sh('node2', 'mv /usr/bin/no-curl /usr/bin/curl');
  });
});

describe('await-charts', () => {
  const wait = (timeoutMs: number) => {
    const context = { ...surroundings.context, timeoutMs };
    return awaitCharts.run(step('await-charts', 'node1', { via: VIA }), context);
  };
  const values = (text: string) => ({
    apiVersion: 'helm.cattle.io/v1',
    kind: 'HelmChartConfig',
    metadata: { name: 'rke2-coredns', namespace: 'kube-system' },
    spec: { valuesContent: text },
  });

  it('waits until every Job has completed, and names the one that fails', async () => {
    await wait(60_000);
    expect(await wait(60_000)).toBe('unchanged');
    const jobs = await rke2.kubectl('node1', 'get jobs -n kube-system --no-headers');
    expect(jobs).toMatch(/^helm-install-rke2-coredns +1\/1/m);
    await apply('node1', values('a: [unclosed'));
    const restarts =
      "get pods -n kube-system -l job-name=helm-install-rke2-coredns -o jsonpath='{.items[*].status.containerStatuses[*].restartCount}'";
    await expect.poll(() => rke2.kubectl('node1', restarts), { timeout: 20_000 }).toMatch(/[1-9]/);
    await expect(wait(2_000)).rejects.toMatchObject({
      code: 'charts-not-installed',
      message: expect.stringMatching(
        /chart rke2-coredns is not installed: the pod helm-install-rke2-coredns-\S+ /,
      ),
    });
    await apply('node1', values('a: []'));
    await wait(60_000);
  });

  it('warns of a chart that is none of RKE2’s own, and goes on', async () => {
    const metadata = { name: 'mine', namespace: 'kube-system' };
    await apply('node1', {
      apiVersion: 'helm.cattle.io/v1',
      kind: 'HelmChart',
      metadata,
      spec: { chart: 'mine', valuesContent: 'a: [unclosed' },
    });
    expect(await wait(60_000)).toBe('done');
    expect(findings.map(({ code, message }) => [code, message])).toEqual([
      ['chart-not-installed', expect.stringContaining('mine, which is none of RKE2')],
    ]);
    await rke2.kubectl('node1', 'delete helmchart -n kube-system mine');
    await expect
      .poll(() => rke2.kubectl('node1', 'get jobs -n kube-system'), { timeout: 20_000 })
      .not.toContain('mine');
  });
});

describe('label-node', () => {
  const label = (labels: object, taints: object = {}) =>
    labelNode.run(
      step('label-node', 'node2', {
        via: VIA,
        labels: { set: {}, remove: [], ...labels },
        taints: { set: [], remove: [], ...taints },
      }),
      surroundings.context,
    );
  const look = async () =>
    JSON.parse(await rke2.kubectl('node1', 'get node node2 -o json')) as {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly taints?: readonly object[] };
    };

  it('sets what differs, takes away what it is told, and remembers what is ours', async () => {
    const taint = { key: 'only', value: 'batch', effect: 'NoSchedule' } as const;
    const bare = { key: 'bare', value: '', effect: 'PreferNoSchedule' } as const;
    expect(await label({ set: { disk: 'ssd', empty: '' } }, { set: [taint, bare] })).toBe('done');
    expect(await label({ set: { disk: 'ssd', empty: '' } }, { set: [taint, bare] })).toBe('unchanged');
    const { metadata, spec } = await look();
    expect(metadata.labels).toMatchObject({ disk: 'ssd', empty: '' });
    expect(spec.taints).toEqual([
      { key: 'only', value: 'batch', effect: 'NoSchedule' },
      { key: 'bare', effect: 'PreferNoSchedule' },
    ]);
    expect(surroundings.state().nodes['node2']).toMatchObject({
      labels: ['disk', 'empty'],
      taints: ['bare:PreferNoSchedule', 'only:NoSchedule'],
    });
    const other = { ...taint, value: 'web' };
    const remove = ['empty', 'never-there', 'node-role.kubernetes.io/control-plane'];
    expect(await label({ set: { disk: 'hdd' }, remove }, { set: [other], remove: [bare] })).toBe('done');
    const after = await look();
    expect(after.metadata.labels).toMatchObject({ disk: 'hdd' });
    for (const key of remove) expect(Object.keys(after.metadata.labels)).not.toContain(key);
    expect(after.spec.taints).toEqual([{ key: 'only', value: 'web', effect: 'NoSchedule' }]);
    expect(surroundings.state().nodes['node2']).toMatchObject({
      labels: ['disk'],
      taints: ['only:NoSchedule'],
    });
    await label({ remove: ['disk'] }, { remove: [other] });
    expect((await look()).spec.taints).toBeUndefined();
    expect(surroundings.state().nodes['node2']).toMatchObject({ labels: [], taints: [] });
  });
});

describe('drain and uncordon', () => {
  const drainOf = (name: string, input: Partial<typeof INPUT> = {}) =>
    drain.run(step('drain', name, { via: VIA, input: { ...INPUT, ...input } }), surroundings.context);
  const uncordonOf = (name: string) =>
    uncordon.run(step('uncordon', name, { via: VIA }), surroundings.context);
  const cordoned = async (name: string) =>
    (
      await rke2.kubectl(
        'node1',
        `get node ${name} -o jsonpath='{.spec.unschedulable} {.metadata.annotations.rke2ctl/drained-by}'`,
      )
    ).trim();
  const podsOn = async (name: string) =>
    (
      await rke2.kubectl(
        'node1',
        `get pods -n work -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}' --field-selector spec.nodeName=${name}`,
      )
    )
      .split('\n')
      .filter(Boolean);

  beforeAll(async () => {
    const template = (app: string) => ({
      metadata: { labels: { app } },
      spec: { containers: [{ name: 'c', image: 'none' }] },
    });
    const workload = (kind: string, name: string, more: object) => ({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name, namespace: 'work' },
      spec: { selector: { matchLabels: { app: name } }, template: template(name), ...more },
    });
    await apply(
      'node1',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'work' } },
      workload('Deployment', 'web', { replicas: 3 }),
      workload('DaemonSet', 'agent', {}),
      {
        apiVersion: 'policy/v1beta1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'web', namespace: 'work' },
        spec: { minAvailable: 3, selector: { matchLabels: { app: 'web' } } },
      },
    );
  });

  it('names the pod that may not go, and the budget that holds it', async () => {
    await expect
      .poll(() => rke2.kubectl('node1', "get pods -n work --no-headers | grep -c ' Running '"), {
        timeout: 30_000,
      })
      .toMatch(/^6/);
    const [held] = (await podsOn('node3')).filter((name) => name.startsWith('web'));
    const failure = await drainOf('node3', { timeoutSeconds: 3 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'drain-held' });
    expect((failure as Error).message).toContain(`work/${held}`);
    expect((failure as Error).message).toContain(
      'PodDisruptionBudget work/web needs 3 healthy pods and has 3',
    );
    expect(await cordoned('node3')).toBe('true c1');
    expect(surroundings.progress.join('\n')).toContain(`evicts work/${held}`);
    expect(await uncordonOf('node3')).toBe('done');
    expect(await cordoned('node3')).toBe('');
    expect(await uncordonOf('node3')).toBe('unchanged');
  });

  it('names pods that kubectl leaves alone, and the key that would let them go', async () => {
    await apply('node1', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'bare', namespace: 'work' },
      spec: { nodeName: 'node2', containers: [{ name: 'c', image: 'none' }] },
    });
    const failure = await drainOf('node2', { ignoreDaemonsets: false }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'drain-incomplete' });
    const { message, hint } = failure as Error & { readonly hint: string };
    expect(message).toMatch(/work\/bare belong to no controller/);
    expect(message).toMatch(/work\/agent-\S+ belong to a DaemonSet/);
    expect(hint).toContain('`force`');
    expect(hint).toContain('`ignore_daemonsets`');
    await rke2.kubectl('node1', 'delete pod -n work bare --timeout=60s');
    await uncordonOf('node2');
  });

  it('moves pods away where it may, and leaves the cordons of others', async () => {
    await rke2.kubectl('node1', 'delete pdb -n work web');
    await rke2.kubectl('node1', 'cordon node2');
    expect(await drainOf('node2')).toBe('done');
    expect((await podsOn('node2')).filter((name) => name.startsWith('web'))).toEqual([]);
    expect(await cordoned('node2')).toBe('true');
    expect(await uncordonOf('node2')).toBe('unchanged');
    await rke2.kubectl('node1', 'uncordon node2');
    expect(await drainOf('node3')).toBe('done');
    expect(await drainOf('node3')).toBe('unchanged');
    expect(await drainOf('nobody')).toBe('unchanged');
    expect(await uncordonOf('node3')).toBe('done');
  });
});

describe('leave-cluster', () => {
  const leave = (
    name: string,
    via: readonly string[],
    members: readonly string[],
    forget = false,
    context = surroundings.context,
  ) => leaveCluster.run(step('leave-cluster', name, { via, members, forget }), context);
  const voters = async () =>
    (await rke2.members('node1')).voters.map((name) => name.replace(/-[0-9a-f]{8}$/, '')).sort();

  it('keeps a living member while one of those that would stay is dead', async () => {
    await lab.powerOff('node3');
    lost.add('node3');
    await expect(leave('node2', ['node1'], ['node1', 'node3'])).rejects.toMatchObject({
      code: 'etcd-majority-at-risk',
      message: expect.stringMatching(/Without node2 etcd would have 2 members, and only 1 .* node3-/),
    });
    expect(await rke2.kubectl('node1', 'get node node2 -o name')).toContain('node2');
  });

  it('drains and forgets a dead one', async () => {
    await expect
      .poll(() => rke2.kubectl('node1', 'get node node3 --no-headers'), { timeout: 60_000 })
      .toContain('NotReady');
    await drain.run(step('drain', 'node3', { via: ['node3', ...VIA], input: INPUT }), surroundings.context);
    // RKE2's controller only looks after Nodes that bear etcd's role: here it does nothing, and both are left to us.
    await rke2.kubectl('node1', 'label node node3 node-role.kubernetes.io/etcd-');
    const impatient = { ...surroundings.context, timeoutMs: 40_000 };
    expect(await leave('node3', ['node3', ...VIA], VIA, true, impatient)).toBe('done');
    expect(surroundings.progress.join('\n')).toMatch(/takes member node3-[0-9a-f]{8} out of etcd/);
    expect(await voters()).toEqual(['node1', 'node2']);
    expect(Object.keys(surroundings.state().nodes)).toEqual(['node1', 'node2']);
    expect(await leave('node3', VIA, VIA, true)).toBe('unchanged');
  });

  it('takes a member out whose Node is gone already and that nobody else removes', async () => {
    await rke2.sh(
      'node1',
      'A=/var/lib/rancher/rke2/server/tls/etcd; curl -fsS --cacert $A/server-ca.crt --cert $A/server-client.crt --key $A/server-client.key -d \'{"peerURLs":["https://198.18.9.9:2380"],"isLearner":true}\' https://127.0.0.1:2379/v3/cluster/member/add',
    );
    const ghost = { ...plannedNode(lab, 'node3'), address: '198.18.9.9' };
    expect(
      await leaveCluster.run(
        { ...step('leave-cluster', 'node3', { via: VIA, members: VIA, forget: false }), node: ghost },
        surroundings.context,
      ),
    ).toBe('done');
    expect((await rke2.members('node1')).learners).toEqual([]);
  });

  it('takes a living one out, and forgets that it was the first', async () => {
    await surroundings.context.learn((state) => ({ ...state, bootstrapNodeId: 'node2' }));
    expect(await leave('node2', ['node1'], ['node1'])).toBe('done');
    expect(await voters()).toEqual(['node1']);
    expect(surroundings.state().bootstrapNodeId).toBeNull();
    expect(Object.keys(surroundings.state().nodes)).toEqual(['node1', 'node2']);
    expect(await leave('node2', ['node1'], ['node1'])).toBe('unchanged');
  });

  it('never takes the last one', async () => {
    await expect(leave('node1', ['node1'], ['node1'])).rejects.toMatchObject({ code: 'last-etcd-member' });
    await expect(leave('node1', ['node1'], [])).rejects.toMatchObject({ code: 'last-etcd-member' });
    expect(await rke2.kubectl('node1', 'get node node1 -o name')).toContain('node1');
  });

  it('waits for the charts of a new version, whose install takes the bundles before away', async () => {
    const version = 'v1.36.4+rke2r1';
    const [host] = lab.hosts;
    await makeRelease({ directory: join(host?.root ?? '', 'root/next'), version, bundles: [] });
    const [data, old] = ['/var/lib/rancher/rke2', 'rke2-images-old.linux-amd64.tar.zst'];
    await rke2.sh(
      'node1',
      `cd /root/next; mkdir -p ${data}/rke2ctl; cp rke2.linux-amd64.tar.gz ${data}/rke2ctl/; mv ${data}/agent/images/rke2-images.linux-amd64.tar.zst ${data}/agent/images/${old}; cp rke2-images.linux-amd64.tar.zst ${data}/agent/images/`,
    );
    const job =
      "get job -n kube-system helm-install-rke2-coredns -o jsonpath='{.metadata.uid} {.status.succeeded}'";
    const before = await rke2.kubectl('node1', job);
    const tarball = { name: 'rke2.linux-amd64.tar.gz', sha256: '', sizeBytes: 0 };
    const way = { method: 'airgap', tarball, prefix: '/usr/local' };
    await install.run(step('install', 'node1', { version, way, obsolete: [old] }), surroundings.context);
    await rke2.sh('node1', 'systemctl restart rke2-server');
    expect(
      await awaitCharts.run(step('await-charts', 'node1', { via: ['node1'] }), surroundings.context),
    ).toBe('done');
    const after = await rke2.kubectl('node1', job);
    expect(after).toMatch(/ 1$/);
    expect(after).not.toBe(before);
    expect(await rke2.sh('node1', '/usr/local/bin/rke2 --version')).toContain(version);
    expect(await rke2.sh('node1', `ls ${data}/agent/images`)).not.toContain('old');
  });

  it('says of each control plane why it is of no use', async () => {
    await rke2.sh('node1', 'systemctl stop rke2-server; rke2-killall.sh >/dev/null 2>&1');
    const { context } = labStepContext(lab, lost, { timeoutMs: 2_000 });
    await expect(
      uncordon.run(step('uncordon', 'node1', { via: ['node3', 'node1'] }), context),
    ).rejects.toMatchObject({
      code: 'no-control-plane',
      message: expect.stringMatching(/node3: not connected\n {2}node1: .*(refused|server)/),
    });
  });
});
