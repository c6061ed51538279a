import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asStatus, eventually } from './simulated-nodes.ts';
import { startTestCluster, type TestCluster } from './test-cluster.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster({ servers: 2, controllers: true });
});

afterAll(async () => {
  await cluster?.destroy();
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
