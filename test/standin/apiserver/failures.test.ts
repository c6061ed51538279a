import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, nodeManifest } from './simulated-nodes.ts';
import { startTestCluster, type TestCluster } from './test-cluster.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster({ servers: 2, controllers: true });
});

afterAll(async () => {
  await cluster?.destroy();
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
