import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asStatus, eventually, nodeManifest, SimulatedNodes } from './simulated-nodes.ts';
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
    await nodes.start('n1', {
      'node-role.kubernetes.io/control-plane': 'true',
      'node-role.kubernetes.io/etcd': 'true',
    });
    await nodes.start('n2');
    await nodes.start('n3');
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
    await nodes.start('gone');
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
    nodes.silence('gone');
  });

  test('a node without a sign of life becomes Unknown and unreachable, and comes back', async () => {
    await nodes.start('silent');
    nodes.silence('silent');
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
    await nodes.beat('silent');
    const body = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    const contentType = 'application/strategic-merge-patch+json';
    await cluster.raw('/api/v1/nodes/silent/status', { method: 'PATCH', contentType, body });
    await eventually('no taints', async () => (await cluster.ok(taints)) === '');
    await cluster.ok(['delete', 'node', 'silent']);
  });
});
