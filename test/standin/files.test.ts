import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { bootStandinLab, DATA, TOKEN } from './standin-lab.ts';

const MANIFESTS = `${DATA}/server/manifests`;
const ETC = '/etc/rancher/rke2';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin-files', 1));
});

afterAll(async () => {
  await lab?.destroy();
});

const write = (path: string, text: string): Promise<string> =>
  rke2.sh('node1', `mkdir -p $(dirname ${path}); cat > ${path} <<'EOF'\n${text}\nEOF`);
const configure = (more: object): Promise<void> => rke2.configure('node1', { token: TOKEN, ...more });
const stop = (): Promise<string> => rke2.sh('node1', 'systemctl stop rke2-server; rm -rf /var/log/pods');
/** What the journal and the API server's own log say of a start that does not come up. */
async function failToStart(): Promise<string> {
  expect(await rke2.start('node1', 'server', 4)).toBe(124);
  const apiServer = await rke2.sh(
    'node1',
    'cat /var/log/pods/*kube-apiserver*/kube-apiserver/0.log 2>/dev/null || true',
  );
  const journal = await rke2.log('node1', 'server');
  await stop();
  return apiServer + journal;
}

describe('files that RKE2 is told to read', () => {
  test('a registries.yaml that is no YAML keeps the node waiting', async () => {
    await configure({});
    await write(`${ETC}/registries.yaml`, 'mirrors:\n  docker.io: [unclosed');
    expect(await failToStart()).toMatch(
      /Waiting to retrieve agent configuration; server is not ready: yaml: line \d+/,
    );
    await rke2.sh('node1', `rm ${ETC}/registries.yaml`);
  });

  test.each([
    ['audit-policy-file', 'kind: Nothing', 'loading audit policy file: failed decoding'],
    [
      'audit-policy-file',
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []',
      'illegal policy with 0 rules',
    ],
    ['pod-security-admission-config-file', 'a: [', 'unable to read admission control configuration'],
    [
      'pod-security-admission-config-file',
      'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- {name: EventRateLimit, path: event.yaml}',
      'event.yaml: no such file or directory',
    ],
  ])('%s with %j keeps the API server from coming up', async (key, text, words) => {
    await write(`${ETC}/own/file.yaml`, text);
    await configure({ [key]: `${ETC}/own/file.yaml` });
    expect(await failToStart()).toContain(words);
  });

  test('a datastore’s certificate that is not there ends the start', async () => {
    await configure({ 'datastore-endpoint': 'https://198.18.0.1:2379', 'datastore-cafile': '/etc/no.crt' });
    const { exitCode, stderr } = await lab.exec('node1', ['timeout', '10', 'rke2', 'server']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'level=fatal msg="Error: preparing server: failed to bootstrap cluster data: open /etc/no.crt: no such file or directory"',
    );
  });

  test('a datastore that does not answer is waited for', async () => {
    await configure({ 'datastore-endpoint': 'https://198.18.0.1:2379' });
    const words = await failToStart();
    expect(words).toContain('"logger":"etcd-client"');
    expect(words).toContain('dial tcp 198.18.0.1:2379: connect: connection refused');
  });

  test('an audit policy that is missing is written, and logs nothing', async () => {
    await configure({ 'audit-policy-file': `${ETC}/own/missing.yaml` });
    expect(await rke2.start('node1', 'server')).toBe(0);
    expect(await rke2.sh('node1', `cat ${ETC}/own/missing.yaml`)).toContain('level: None');
  });
});

describe('manifests', () => {
  const get = (what: string): Promise<string> =>
    rke2.kubectl('node1', `get ${what} --ignore-not-found -o name`);
  const until = (what: string, isThere: boolean): Promise<string> =>
    rke2.sh(
      'node1',
      `export KUBECONFIG=${ETC}/rke2.yaml; for i in $(seq 60); do [ -${isThere ? 'n' : 'z'} "$(${DATA}/bin/kubectl get ${what} --ignore-not-found -o name)" ] && exit 0; sleep 0.5; done; exit 1`,
    );
  const map = (name: string, data: object): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data });
  const space = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });

  test('become objects that name their AddOn', async () => {
    const chart = (kind: string, name: string): string =>
      JSON.stringify({
        apiVersion: 'helm.cattle.io/v1',
        kind,
        metadata: { name, namespace: 'kube-system' },
        spec: {},
      });
    await write(
      `${MANIFESTS}/shop.one.yaml`,
      [space, map('a', { x: '1', y: '2' }), map('b', {}), chart('HelmChart', 'own')].join('\n---\n'),
    );
    await write(`${MANIFESTS}/values.yaml`, chart('HelmChartConfig', 'rke2-coredns'));
    await write(`${MANIFESTS}/skipped.yaml`, map('skipped', {}));
    await write(`${MANIFESTS}/skipped.yaml.skip`, '');
    await until('-n kube-system addon/values', true);
    await until('-n kube-system helmchart/own', true);
    expect(await get('-n kube-system helmchartconfigs')).toBe('helmchartconfig.helm.cattle.io/rke2-coredns');
    expect(await get('-n shop configmaps')).toBe('configmap/a\nconfigmap/b');
    const { metadata } = JSON.parse(await rke2.kubectl('node1', 'get -n shop configmap a -o json')) as {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
    };
    expect(metadata.labels['objectset.rio.cattle.io/hash']).toMatch(/^[0-9a-f]{40}$/);
    expect(metadata.annotations).toMatchObject({
      'objectset.rio.cattle.io/owner-gvk': 'k3s.cattle.io/v1, Kind=Addon',
      'objectset.rio.cattle.io/owner-name': 'shop',
      'objectset.rio.cattle.io/owner-namespace': 'kube-system',
    });
  });

  test('that change take away what left them; that go leave everything', async () => {
    await write(`${MANIFESTS}/shop.one.yaml`, [space, map('a', { x: '3' })].join('\n---\n'));
    await rke2.sh('node1', `rm ${MANIFESTS}/values.yaml`);
    await until('-n shop configmap/b', false);
    await until('-n kube-system helmchart/own', false);
    expect(await rke2.kubectl('node1', "get -n shop configmap a -o jsonpath='{.data}'")).toBe('{"x":"3"}');
    expect(await get('-n kube-system helmchartconfigs')).toContain('rke2-coredns');
    expect(await get('-n kube-system addon/values')).toContain('values');
  });

  test('of a packaged cloud provider are there, and the node waits for its controller', async () => {
    await rke2.sh(
      'node1',
      `systemctl stop rke2-server; rke2-killall.sh >/dev/null 2>&1; rm -rf ${DATA}/server`,
    );
    await configure({
      'cloud-provider-name': 'harvester',
      'cloud-provider-config': `${ETC}/own/missing.conf`,
    });
    expect(await rke2.start('node1', 'server')).toBe(0);
    await until('node/node1', true);
    expect(await rke2.kubectl('node1', "get node node1 -o jsonpath='{.spec.taints[*].key}'")).toContain(
      'node.cloudprovider.kubernetes.io/uninitialized',
    );
    expect(await rke2.sh('node1', `ls ${MANIFESTS}`)).toContain('harvester-cloud-provider.yaml');
    expect(await rke2.sh('node1', `ls ${DATA}/agent/pod-manifests`)).not.toContain('controller-manager');
  });

  test('of packaged components go with their objects when these are disabled', async () => {
    await until('-n kube-system helmchart/rke2-metrics-server', true);
    await configure({ disable: ['rke2-metrics-server'] });
    await rke2.sh('node1', 'systemctl restart rke2-server');
    await until('-n kube-system helmchart/rke2-metrics-server', false);
    expect(await rke2.sh('node1', `ls ${MANIFESTS}`)).not.toContain('metrics');
    expect(await get('-n kube-system addons')).not.toContain('metrics');
  });
});
