import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestCluster, type TestCluster } from './test-cluster.ts';

let cluster: TestCluster;
const kubelets = new Map<string, NodeJS.Timeout>();

interface Status {
  readonly kind: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly code: number;
}

function nodeManifest(name: string, labels: Record<string, string> = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      addresses: [
        { type: 'InternalIP', address: '198.18.0.2' },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        kubeletVersion: 'v1.35.7+rke2r1',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        kernelVersion: '6.1.0',
        containerRuntimeVersion: 'containerd://2.1.4',
      },
    },
  };
}

async function beat(name: string): Promise<void> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'kube-node-lease' },
    spec: { holderIdentity: name, renewTime: new Date().toISOString() },
  };
  const { code } = await cluster.raw(`${path}/${name}`, { method: 'PUT', body: lease });
  if (code === 404) await cluster.raw(path, { method: 'POST', body: lease });
}

/** A Node with a heartbeat, as a kubelet gives it. */
async function startNode(name: string, labels: Record<string, string> = {}): Promise<void> {
  await cluster.raw('/api/v1/nodes', { method: 'POST', body: nodeManifest(name, labels) });
  await beat(name);
  const timer = setInterval(() => {
    // While a server is restarted there is nobody to tell.
    beat(name).catch(() => undefined);
  }, 1_000);
  kubelets.set(name, timer);
}

function silenceNode(name: string): void {
  clearInterval(kubelets.get(name));
  kubelets.delete(name);
}

async function eventually(what: string, isSo: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${what}`);
    await sleep(200);
  }
}

function asStatus(body: unknown): Status {
  return body as Status;
}

beforeAll(async () => {
  cluster = await startTestCluster({ servers: 2, controllers: true });
});

afterAll(async () => {
  for (const name of [...kubelets.keys()]) silenceNode(name);
  await cluster?.destroy();
});

describe('who may do what', () => {
  test('without a certificate, or with one of another CA, everything is 401', async () => {
    for (const path of ['/api/v1/nodes', '/readyz', '/version', '/']) {
      for (const user of ['none', 'foreign']) {
        const { code, body } = await cluster.raw(path, { user });
        expect(code, `${user} ${path}`).toBe(401);
        expect(body).toMatchObject({ kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });
      }
    }
  });

  test('a kubelet changes its own Node only and does not list Secrets', async () => {
    await cluster.makeUser('system:node:own', ['system:nodes']);
    const user = 'system-node-own';
    const own = await cluster.raw('/api/v1/nodes', { method: 'POST', body: nodeManifest('own'), user });
    expect(own.code).toBe(201);
    await cluster.ok(['create', '-f', '-'], { input: JSON.stringify(nodeManifest('foreign')) });
    const patch = { contentType: 'application/merge-patch+json', method: 'PATCH', user };
    const body = { metadata: { annotations: { a: 'b' } } };
    expect((await cluster.raw('/api/v1/nodes/own', { ...patch, body })).code).toBe(200);
    const refused = await cluster.raw('/api/v1/nodes/foreign', { ...patch, body });
    expect(refused.code).toBe(403);
    expect(asStatus(refused.body).message).toContain('node "own" is not allowed to modify node "foreign"');
    expect((await cluster.raw('/api/v1/nodes/own', { method: 'DELETE', user })).code).toBe(403);
    expect((await cluster.raw('/api/v1/secrets', { user })).code).toBe(403);
    await cluster.ok(['delete', 'node', 'own', 'foreign']);
  });
});

describe('nodes with kubectl', () => {
  beforeAll(async () => {
    await startNode('n1', {
      'node-role.kubernetes.io/control-plane': 'true',
      'node-role.kubernetes.io/etcd': 'true',
    });
    await startNode('n2');
    await startNode('n3');
  });

  test('get prints the columns that people know', async () => {
    const [header, first, second] = (await cluster.ok(['get', 'nodes'])).split('\n');
    expect(header?.split(/\s+/)).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION']);
    expect(first).toMatch(/^n1\s+Ready\s+control-plane,etcd\s+\d+s\s+v1\.35\.7\+rke2r1$/);
    expect(second).toMatch(/^n2\s+Ready\s+<none>\s/);
    const wide = await cluster.ok(['get', 'nodes', '-o', 'wide'], { server: 1 });
    expect(wide).toMatch(/INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME/);
    expect(wide).toMatch(
      /n1 .*198\.18\.0\.2 +<none> +Debian GNU\/Linux 12 \(bookworm\) +6\.1\.0 +containerd:\/\/2\.1\.4/,
    );
  });

  test('json, jsonpath, name and selectors', async () => {
    const list = JSON.parse(await cluster.ok(['get', 'nodes', '-o', 'json'])) as {
      items: { kind: string }[];
    };
    expect(list.items.map((item) => item.kind)).toEqual(['Node', 'Node', 'Node']);
    const path = 'jsonpath={range .items[*]}{.metadata.name}={.status.nodeInfo.kubeletVersion} {end}';
    expect(await cluster.ok(['get', 'nodes', '-o', path])).toContain('n3=v1.35.7+rke2r1');
    const byLabel = ['get', 'no', '-o', 'name', '-l'];
    expect(await cluster.ok([...byLabel, 'node-role.kubernetes.io/etcd=true'])).toBe('node/n1');
    expect(await cluster.ok([...byLabel, '!node-role.kubernetes.io/etcd'])).toBe('node/n2\nnode/n3');
    expect(await cluster.ok([...byLabel, 'kubernetes.io/hostname in (n2,n9)'])).toBe('node/n2');
    const byField = ['get', 'nodes', '-o', 'name', '--field-selector', 'metadata.name=n3'];
    expect(await cluster.ok(byField)).toBe('node/n3');
  });

  test('cordon, label, taint and annotate, seen by both servers', async () => {
    await cluster.ok(['cordon', 'n2']);
    expect(await cluster.ok(['get', 'node', 'n2'], { server: 1 })).toContain('Ready,SchedulingDisabled');
    await cluster.ok(['label', 'node', 'n2', 'zone=a'], { server: 1 });
    await cluster.ok(['annotate', 'node', 'n2', 'note=here']);
    await cluster.ok(['taint', 'node', 'n2', 'dedicated=db:NoSchedule']);
    const get = ['get', 'node', 'n2', '-o'];
    const path =
      'jsonpath={.metadata.labels.zone} {.metadata.annotations.note} {.spec.taints[?(@.key=="dedicated")].value}';
    expect(await cluster.ok([...get, path], { server: 1 })).toBe('a here db');
    await cluster.ok(['taint', 'node', 'n2', 'dedicated-']);
    await cluster.ok(['label', 'node', 'n2', 'zone-']);
    await cluster.ok(['uncordon', 'n2']);
    expect(await cluster.ok([...get, path])).toBe(' here ');
    await eventually(
      'no taint is left',
      async () => (await cluster.ok([...get, 'jsonpath={.spec.taints}'])) === '',
    );
    const again = await cluster.kubectl(['label', 'node', 'n2', 'kubernetes.io/hostname=x']);
    expect(again.exitCode).toBe(1);
  });

  test('wait returns when the condition holds, and fails when it does not', async () => {
    await cluster.ok(['wait', '--for=condition=Ready', 'node/n1', '--timeout=5s']);
    const never = await cluster.kubectl(['wait', '--for=condition=NoSuch', 'node/n1', '--timeout=1s']);
    expect(never.exitCode).toBe(1);
  });

  test('get --watch sees what another server writes', async () => {
    const config = `${cluster.directory}/admin-0.kubeconfig`;
    const { kubectlPath } = cluster;
    const watching = spawn(kubectlPath, ['--kubeconfig', config, 'get', 'nodes', '-w', '--no-headers']);
    let seen = '';
    watching.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await eventually('the first listing', async () => seen.includes('n3'));
    await cluster.ok(['cordon', 'n3'], { server: 1 });
    await eventually('the change', async () => /n3 +Ready,SchedulingDisabled/.test(seen));
    await cluster.ok(['uncordon', 'n3'], { server: 1 });
    watching.kill();
  });

  test('delete waits for finalizers, and takes the node password with it', async () => {
    await startNode('gone');
    await cluster.ok(['create', 'secret', 'generic', 'gone.node-password.rke2', '-n', 'kube-system']);
    await cluster.ok([
      'patch',
      'node',
      'gone',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":["test.io/hold"]}}',
    ]);
    const held = await cluster.kubectl(['delete', 'node', 'gone', '--timeout=2s']);
    expect(held.exitCode).toBe(1);
    expect(held.stderr).toContain('timed out waiting');
    expect(
      await cluster.ok(['get', 'node', 'gone', '-o', 'jsonpath={.metadata.deletionTimestamp}']),
    ).not.toBe('');
    const secret = ['get', 'secret', 'gone.node-password.rke2', '-n', 'kube-system'];
    expect((await cluster.kubectl(secret)).exitCode).toBe(0);
    await cluster.ok(['patch', 'node', 'gone', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    const get = await cluster.kubectl(['get', 'node', 'gone']);
    expect(get.stderr).toBe('Error from server (NotFound): nodes "gone" not found');
    expect((await cluster.kubectl(secret)).stderr).toContain(
      '(NotFound): secrets "gone.node-password.rke2" not found',
    );
    silenceNode('gone');
  });

  test('a node without a sign of life becomes Unknown and unreachable, and comes back', async () => {
    await startNode('silent');
    silenceNode('silent');
    const get = ['get', 'node', 'silent', '-o'];
    const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
    const started = Date.now();
    await eventually('Unknown', async () => (await cluster.ok([...get, ready])) === 'Unknown', 25_000);
    expect(Date.now() - started).toBeGreaterThan(9_000);
    expect(await cluster.ok(['get', 'node', 'silent'])).toMatch(/silent +NotReady/);
    const taints = [...get, 'jsonpath={range .spec.taints[*]}{.key}:{.effect} {end}'];
    const unreachable = 'node.kubernetes.io/unreachable';
    await eventually(
      'taints',
      async () => (await cluster.ok(taints)) === `${unreachable}:NoSchedule ${unreachable}:NoExecute `,
    );
    await beat('silent');
    const body = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    const contentType = 'application/strategic-merge-patch+json';
    await cluster.raw('/api/v1/nodes/silent/status', { method: 'PATCH', contentType, body });
    await eventually('no taints', async () => (await cluster.ok(taints)) === '');
    await cluster.ok(['delete', 'node', 'silent']);
  });
});

describe('objects', () => {
  test('secrets: create --dry-run | apply twice, as people do', async () => {
    const make = (value: string): string[] => [
      ...['create', 'secret', 'generic', 'state', '-n', 'kube-system', `--from-literal=key=${value}`],
      ...['--dry-run=client', '-o', 'json'],
    ];
    for (const value of ['one', 'two']) {
      const input = await cluster.ok(make(value));
      await cluster.ok(['apply', '--validate=false', '-f', '-'], { input });
    }
    const secret = JSON.parse(
      await cluster.ok(['get', 'secret', 'state', '-n', 'kube-system', '-o', 'json']),
    ) as {
      data: unknown;
      type: string;
    };
    expect(secret.data).toEqual({ key: Buffer.from('two').toString('base64') });
    expect(secret.type).toBe('Opaque');
    expect(await cluster.ok(['get', 'secrets', '-n', 'kube-system'])).toMatch(
      /NAME +TYPE +DATA +AGE\nstate +Opaque +1 +/,
    );
    await cluster.ok(['delete', 'secret', 'state', '-n', 'kube-system']);
  });

  test('configmaps: create, get, delete; a second create is refused', async () => {
    const create = ['create', 'configmap', 'settings', '--from-literal=a=b'];
    await cluster.ok(create);
    const again = await cluster.kubectl(create, { server: 1 });
    expect(again.stderr).toContain('AlreadyExists');
    expect(again.stderr).toContain('configmaps "settings" already exists');
    expect(await cluster.ok(['get', 'cm', 'settings', '-o', 'jsonpath={.data.a}'])).toBe('b');
    await cluster.ok(['delete', 'configmap', 'settings']);
    expect((await cluster.kubectl(['get', 'cm', 'settings'])).exitCode).toBe(1);
  });

  test('apply of several documents, custom kinds among them, with and without validation', async () => {
    const input = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'multi' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'multi' }, data: { a: '1' } },
      {
        apiVersion: 'helm.cattle.io/v1',
        kind: 'HelmChartConfig',
        metadata: { name: 'rke2-cilium', namespace: 'kube-system' },
        spec: { valuesContent: 'a: 1' },
      },
      {
        apiVersion: 'k3s.cattle.io/v1',
        kind: 'Addon',
        metadata: { name: 'x', namespace: 'kube-system' },
        spec: {},
      },
    ]
      .map((object) => `---\n${JSON.stringify(object)}\n`)
      .join('');
    expect(await cluster.ok(['apply', '--validate=false', '-f', '-'], { input })).toMatch(
      /configmap\/c created/,
    );
    const second = await cluster.ok(['apply', '-f', '-'], { input: input.replace('a: 1', 'a: 2') });
    expect(second).toMatch(/configmap\/c unchanged/);
    expect(second).toMatch(/helmchartconfig.helm.cattle.io\/rke2-cilium configured/);
    await cluster.ok(['delete', '--wait=false', '--ignore-not-found', '-f', '-'], { input });
    await eventually(
      'the namespace is gone',
      async () => (await cluster.kubectl(['get', 'ns', 'multi'])).exitCode === 1,
    );
    expect((await cluster.kubectl(['get', 'cm', 'c', '-n', 'multi'])).exitCode).toBe(1);
  });

  test('health, version and unknown paths', async () => {
    const ready = await cluster.ok(['get', '--raw', '/readyz?verbose']);
    expect(ready).toContain('[+]etcd ok');
    expect(ready).toMatch(/readyz check passed\n?$/);
    expect(await cluster.ok(['get', '--raw', '/healthz'])).toBe('ok');
    expect(await cluster.ok(['version', '--short'])).toContain('Server Version: v1.35.7+rke2r1');
    for (const path of [
      '/apis/no.such/v1/things',
      '/api/v1/things',
      '/apis/apps/v1beta1/deployments',
      '/nothing',
    ]) {
      const { code, body } = await cluster.raw(path);
      expect(code, path).toBe(404);
      expect(asStatus(body)).toMatchObject({
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
      });
    }
    expect((await cluster.kubectl(['get', 'things'])).stderr).toContain(
      `doesn't have a resource type "things"`,
    );
  });

  test('what Kubernetes refuses is refused', async () => {
    const post = (path: string, body: unknown) => cluster.raw(path, { method: 'POST', body });
    const missing = await post('/api/v1/namespaces/nowhere/configmaps', { metadata: { name: 'a' } });
    expect(missing.code).toBe(404);
    expect(asStatus(missing.body).message).toBe('namespaces "nowhere" not found');
    const badName = await post('/api/v1/nodes', { metadata: { name: 'Upper_Case' } });
    expect(badName.code).toBe(422);
    expect(asStatus(badName.body).message).toContain('a lowercase RFC 1123 subdomain must consist of');
    const badLabel = await post('/api/v1/nodes', {
      metadata: { name: 'x', labels: { a: 'no spaces here' } },
    });
    expect(badLabel.code).toBe(422);
    const badTaint = await post('/api/v1/nodes', {
      metadata: { name: 'x' },
      spec: { taints: [{ key: 'a', effect: 'Never' }] },
    });
    expect(asStatus(badTaint.body).message).toContain('Unsupported value: "Never"');
    const data = { big: Buffer.alloc(1024 * 1024 + 1).toString('base64') };
    const tooBig = await post('/api/v1/namespaces/default/secrets', { metadata: { name: 'big' }, data });
    expect(tooBig.code).toBe(422);
    const wrongKind = await post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } });
    expect(wrongKind.code).toBe(400);
    expect((await cluster.raw('/api/v1/namespaces/kube-system', { method: 'DELETE' })).code).toBe(403);
  });

  test('generateName gives a new name each time', async () => {
    const body = { metadata: { generateName: 'made-' } };
    const names = new Set<string>();
    for (let n = 0; n < 3; n += 1) {
      const made = await cluster.raw('/api/v1/namespaces/default/configmaps', { method: 'POST', body });
      names.add((made.body as { metadata: { name: string } }).metadata.name);
    }
    expect(names.size).toBe(3);
    for (const name of names) expect(name).toMatch(/^made-[a-z0-9]{5}$/);
    await cluster.raw('/api/v1/namespaces/default/configmaps', { method: 'DELETE' });
    expect(await cluster.ok(['get', 'cm'])).toBe('');
  });

  test('a stale resourceVersion is a conflict, on either server', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const made = await cluster.raw(path, {
      method: 'POST',
      body: { metadata: { name: 'race' }, data: { n: '0' } },
    });
    const object = made.body as { metadata: object; data: object };
    const put = (n: string, server: number) =>
      cluster.raw(`${path}/race`, { method: 'PUT', body: { ...object, data: { n } }, server });
    const codes = (await Promise.all([put('1', 0), put('2', 1), put('3', 0), put('4', 1)])).map(
      ({ code }) => code,
    );
    expect(codes.sort()).toEqual([200, 409, 409, 409]);
    const late = await put('9', 1);
    expect(asStatus(late.body).message).toContain('the object has been modified; please apply your changes');
    await cluster.raw(`${path}/race`, { method: 'DELETE' });
  });

  test('concurrent patches on both servers all take effect', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    await cluster.raw(path, { method: 'POST', body: { metadata: { name: 'sum' } } });
    const keys = Array.from({ length: 16 }, (_, n) => `k${n}`);
    const codes = await Promise.all(
      keys.map(async (key, n) => {
        const contentType = 'application/merge-patch+json';
        const body = { data: { [key]: 'x' } };
        return (await cluster.raw(`${path}/sum`, { method: 'PATCH', contentType, body, server: n % 2 })).code;
      }),
    );
    expect(new Set(codes)).toEqual(new Set([200]));
    const { body } = await cluster.raw(`${path}/sum`);
    expect(Object.keys((body as { data: object }).data).sort()).toEqual([...keys].sort());
    await cluster.raw(`${path}/sum`, { method: 'DELETE' });
  });
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
    await cluster.ok(['taint', 'node', 'n1', 'CriticalAddonsOnly-']);
  });
});

describe('when parts fail', () => {
  test('the controllers go on when the server that runs them is killed', async () => {
    for (const index of [0, 1]) {
      await cluster.stopServer(index, 'SIGKILL');
      const name = `after-${index}`;
      const server = 1 - index;
      await cluster.raw('/api/v1/nodes', { method: 'POST', body: nodeManifest(name), server });
      const get = ['get', 'node', name, '-o', 'jsonpath={.spec.podCIDR}{.spec.taints}'];
      await eventually('the other server acts', async () => {
        return /^10\.42\.\d+\.0\/24$/.test(await cluster.ok(get, { server }));
      });
      await cluster.startServer(index);
      await cluster.ok(['delete', 'node', name]);
    }
  });

  test('the Endpoints `kubernetes` name the servers that there are', async () => {
    const addresses = ['get', 'endpoints', 'kubernetes', '-o', 'jsonpath={.subsets[*].addresses[*].ip}'];
    await eventually('both', async () => (await cluster.ok(addresses)) === '198.18.0.100 198.18.0.101');
    await cluster.stopServer(1);
    await eventually('one has left', async () => (await cluster.ok(addresses)) === '198.18.0.100');
    await cluster.startServer(1);
    await eventually('it is back', async () => (await cluster.ok(addresses)) === '198.18.0.100 198.18.0.101');
  });

  test('without etcd the server is not ready; when it is back, watches go on', async () => {
    const config = `${cluster.directory}/admin-1.kubeconfig`;
    const watching = spawn(cluster.kubectlPath, ['--kubeconfig', config, 'get', 'cm', '-w', '-o', 'name']);
    let seen = '';
    watching.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await cluster.ok(['create', 'configmap', 'before']);
    await eventually('the watch works', async () => seen.includes('configmap/before'));
    await cluster.stopEtcd();
    const { code, body } = await cluster.raw('/readyz?verbose');
    expect(code).toBe(500);
    expect(body).toContain('[-]etcd failed: reason withheld');
    expect((await cluster.raw('/api/v1/nodes')).code).toBe(500);
    cluster.startEtcd();
    await eventually('ready again', async () => (await cluster.raw('/readyz')).code === 200);
    await cluster.ok(['create', 'configmap', 'after']);
    await eventually('the watch sees it', async () => seen.includes('configmap/after'));
    watching.kill();
    await cluster.ok(['delete', 'configmap', 'before', 'after']);
  });
});
