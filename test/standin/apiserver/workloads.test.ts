import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asStatus, eventually, SimulatedNodes } from './simulated-nodes.ts';
import { startTestCluster, type TestCluster } from './test-cluster.ts';

let cluster: TestCluster;
let nodes: SimulatedNodes;

beforeAll(async () => {
  cluster = await startTestCluster({ servers: 2, controllers: true });
  nodes = new SimulatedNodes(cluster);
});

afterAll(async () => {
  nodes?.silenceAll();
  await cluster?.destroy();
});

describe('workloads', () => {
  const pod = { containers: [{ name: 'c', image: 'none' }], volumes: [{ name: 'v', emptyDir: {} }] };
  const template = (app: string) => ({ metadata: { labels: { app } }, spec: pod });
  const workload = (kind: string, name: string, spec: object) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'work' },
    spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
  });
  const budget = (minAvailable: number) => ({
    apiVersion: 'policy/v1beta1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'work' },
    spec: { minAvailable, selector: { matchLabels: { app: 'web' } } },
  });
  const apply = (...objects: readonly object[]) =>
    cluster.ok(['apply', '--validate=false', '-f', '-'], {
      input: objects.map((object) => `---\n${JSON.stringify(object)}\n`).join(''),
    });
  const drain = (timeout: string) =>
    cluster.kubectl([
      ...['drain', 'n2', '--ignore-daemonsets', '--delete-emptydir-data', '--force'],
      `--timeout=${timeout}`,
    ]);
  const podsOn = async (node: string, app: string) =>
    (
      await cluster.ok([
        ...['get', 'pods', '-n', 'work', '-o', 'name', '-l', `app=${app}`],
        ...['--field-selector', `spec.nodeName=${node}`],
      ])
    )
      .split('\n')
      .filter((line) => line !== '');

  beforeAll(async () => {
    for (const name of ['n1', 'n2', 'n3']) await nodes.start(name);
    await cluster.ok(['taint', 'node', 'n1', 'CriticalAddonsOnly=true:NoExecute']);
    await apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'work' } },
      workload('Deployment', 'web', { replicas: 2 }),
      workload('DaemonSet', 'agent', {}),
    );
  });

  test('a Deployment runs on nodes that let it, a DaemonSet on all of those', async () => {
    await cluster.ok(['rollout', 'status', 'deploy/web', '-n', 'work', '--timeout=30s']);
    await cluster.ok(['rollout', 'status', 'ds/agent', '-n', 'work', '--timeout=30s']);
    expect(await podsOn('n1', 'web')).toEqual([]);
    expect(await podsOn('n1', 'agent')).toEqual([]);
    expect(await podsOn('n2', 'agent')).toHaveLength(1);
    expect(await podsOn('n2', 'web')).toHaveLength(1);
    expect(await podsOn('n3', 'web')).toHaveLength(1);
    expect(await cluster.ok(['get', 'pods', '-n', 'work'])).toMatch(/web-\w+-\w+ +1\/1 +Running +0 +/);
  });

  test('drain empties a node and leaves DaemonSets; nothing comes back before uncordon', async () => {
    const drained = await drain('40s');
    expect(drained.stderr + drained.stdout).toContain('node/n2 evicted');
    expect(drained.exitCode).toBe(0);
    expect(await podsOn('n2', 'web')).toEqual([]);
    expect(await podsOn('n2', 'agent')).toHaveLength(1);
    await cluster.ok(['rollout', 'status', 'deploy/web', '-n', 'work', '--timeout=30s']);
    expect(await podsOn('n3', 'web')).toHaveLength(2);
    await cluster.ok(['uncordon', 'n2']);
  });

  test('a budget that is used up makes drain wait with 429, and one that allows lets it go on', async () => {
    await apply(budget(2));
    await cluster.ok(
      ['delete', 'pod', '-n', 'work', (await podsOn('n3', 'web'))[0] ?? ''].map((word) =>
        word.replace('pod/', ''),
      ),
    );
    await eventually('one Pod on each node', async () => (await podsOn('n2', 'web')).length === 1);
    await cluster.ok(['rollout', 'status', 'deploy/web', '-n', 'work', '--timeout=30s']);
    await eventually('both are Ready', async () => {
      const columns = ['get', 'pdb', 'web', '-n', 'work', '-o', 'jsonpath={.status.currentHealthy}'];
      return (await cluster.ok(columns)) === '2';
    });
    const stuck = await drain('7s');
    expect(stuck.exitCode).toBe(1);
    expect(stuck.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    const [name = ''] = (await podsOn('n2', 'web')).map((line) => line.replace('pod/', ''));
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'work' } };
    const path = `/api/v1/namespaces/work/pods/${name}/eviction`;
    const refused = await cluster.raw(path, { method: 'POST', body: eviction, server: 1 });
    expect(refused.code).toBe(429);
    expect(asStatus(refused.body).reason).toBe('TooManyRequests');
    await apply(budget(1));
    expect((await drain('40s')).exitCode).toBe(0);
    expect(await podsOn('n2', 'web')).toEqual([]);
    await cluster.ok(['uncordon', 'n2']);
  });

  test('two evictions at once on two servers do not both pass a budget of one', async () => {
    await cluster.ok(['rollout', 'status', 'deploy/web', '-n', 'work', '--timeout=30s']);
    await eventually('one disruption is allowed', async () => {
      const columns = ['get', 'pdb', 'web', '-n', 'work', '-o', 'jsonpath={.status.disruptionsAllowed}'];
      return (await cluster.ok(columns)) === '1';
    });
    const names = (await cluster.ok(['get', 'pods', '-n', 'work', '-l', 'app=web', '-o', 'name'])).split(
      '\n',
    );
    const codes = await Promise.all(
      names.map(async (line, server) => {
        const name = line.replace('pod/', '');
        const body = {
          apiVersion: 'policy/v1beta1',
          kind: 'Eviction',
          metadata: { name, namespace: 'work' },
        };
        const path = `/api/v1/namespaces/work/pods/${name}/eviction`;
        return (await cluster.raw(path, { method: 'POST', body, server: server % 2 })).code;
      }),
    );
    expect(codes.sort()).toEqual([201, 429]);
  });

  test('the Pods of a deleted Node go, and run elsewhere', async () => {
    nodes.silence('n3');
    await cluster.ok(['delete', 'node', 'n3']);
    await eventually('no Pod names the Node', async () => {
      const left = [...(await podsOn('n3', 'web')), ...(await podsOn('n3', 'agent'))];
      return left.length === 0;
    });
    await cluster.ok(['rollout', 'status', 'deploy/web', '-n', 'work', '--timeout=30s']);
    expect(await podsOn('n2', 'web')).toHaveLength(2);
  });

  test('a new template replaces the Pods, a Job completes, a deletion takes what belongs to it', async () => {
    await cluster.ok(['set', 'image', 'deploy/web', 'c=other', '-n', 'work']);
    await cluster.ok(['rollout', 'status', 'deploy/web', '-n', 'work', '--timeout=30s']);
    const images = [
      'get',
      'pods',
      '-n',
      'work',
      '-l',
      'app=web',
      '-o',
      'jsonpath={.items[*].spec.containers[0].image}',
    ];
    await eventually('only new Pods', async () => (await cluster.ok(images)) === 'other other');
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once', namespace: 'work' },
      spec: { template: { spec: pod } },
    };
    await apply(job);
    await cluster.ok(['wait', '--for=condition=Complete', 'job/once', '-n', 'work', '--timeout=30s']);
    await cluster.ok(['delete', 'deploy/web', 'job/once', 'ds/agent', '-n', 'work']);
    await eventually(
      'no Pods',
      async () => (await cluster.ok(['get', 'pods,rs', '-n', 'work', '-o', 'name'])) === '',
    );
  });
});
