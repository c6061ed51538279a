import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PACKAGED_CHARTS } from '../../src/rke2/packaged-charts.ts';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

const PACKED = gzipSync('a chart');

/** Files beside a cluster.yml in /srv/site. */
const FILES: Readonly<Record<string, Uint8Array>> = {
  '/srv/site/charts/app.tgz': PACKED,
  '/srv/site/charts/plain.tgz': Buffer.from('a chart'),
  '/srv/site/values.yaml': Buffer.from('a: {b: 1, c: 2}\nlist: [1]\nempty:\n'),
  '/srv/site/list.yaml': Buffer.from('- a\n'),
  '/srv/site/broken.yaml': Buffer.from('a: {b\n'),
  '/srv/site/none.yaml': Buffer.from('# nothing\n'),
};

const env = {
  readFile: (path: string) => FILES[path] ?? Object.assign(new Error('no such file'), { code: 'ENOENT' }),
};

function read(charts: string) {
  return readClusterYml(`charts:\n  - ${charts}`, env).charts[0];
}

describe('charts', () => {
  it('come from a repository, with defaults', () => {
    expect(read('{name: cert-manager, repo: "https://charts.jetstack.io"}')).toEqual({
      name: 'cert-manager',
      namespace: 'default',
      chart: 'cert-manager',
      repo: 'https://charts.jetstack.io',
      version: null,
      createNamespace: true,
      values: {},
      archive: null,
      bootstrap: false,
    });
  });

  it('come from a registry', () => {
    const chart = read(
      '{name: app, namespace: apps, chart: "oci://r.example.com/app", version: "1.2.3", create_namespace: false, bootstrap: true, values: {a: {b: null, c: "", d: [1]}}}',
    );
    expect(chart).toMatchObject({
      namespace: 'apps',
      chart: 'oci://r.example.com/app',
      repo: null,
      version: '1.2.3',
      createNamespace: false,
      bootstrap: true,
      values: { a: { b: null, c: '', d: [1] } },
    });
  });

  it('come packed, from beside cluster.yml', () => {
    const chart = read('{name: app, file: charts/app.tgz}');
    expect(chart).toMatchObject({ chart: null, repo: null, archive: PACKED.toString('base64') });
  });

  it('take values from a file, over which those of cluster.yml win', () => {
    const chart = read(
      '{name: app, file: charts/app.tgz, values_file: values.yaml, values: {a: {c: 3}, list: [2]}}',
    );
    expect(chart?.values).toEqual({ a: { b: 1, c: 3 }, list: [2], empty: null });
    expect(read('{name: app, file: charts/app.tgz, values_file: none.yaml}')?.values).toEqual({});
  });

  it.each([
    ['{name: app}', 'error chart-sources charts[0]'],
    ['{name: app, chart: app}', 'error chart-sources charts[0].chart'],
    ['{name: app, chart: "oci://r/app", repo: "https://r"}', 'error chart-sources charts[0].repo'],
    ['{name: app, file: charts/app.tgz, version: "1"}', 'error chart-sources charts[0].version'],
    ['{name: app, chart: "https://r/app-1.tgz", version: "1"}', 'warning chart-sources charts[0].version'],
    ['{name: app, repo: "oci://r/app"}', 'error invalid-value charts[0].repo'],
    ['{name: app, file: charts/gone.tgz}', 'error chart-file-missing charts[0].file'],
    ['{name: app, file: charts/plain.tgz}', 'error chart-file-kind charts[0].file'],
    [
      '{name: app, repo: "https://r", values_file: gone.yaml}',
      'error chart-file-missing charts[0].values_file',
    ],
    [
      '{name: app, repo: "https://r", values_file: list.yaml}',
      'error chart-values-file charts[0].values_file',
    ],
    [
      '{name: app, repo: "https://r", values_file: broken.yaml}',
      'error chart-values-file charts[0].values_file',
    ],
    ['{name: rke2-canal, repo: "https://r"}', 'error chart-packaged charts[0].name'],
    ['{name: App, repo: "https://r"}', 'error invalid-value charts[0].name'],
    ['{repo: "https://r"}', 'error missing-key charts[0].name'],
    ['{name: app, repo: "https://r", values: [a]}', 'error invalid-value charts[0].values'],
    ['{name: app, repo: "https://r", version: 1.2}', 'error invalid-value charts[0].version'],
    ['{name: app, repo: "https://r", namespace: a.b}', 'error invalid-value charts[0].namespace'],
  ])('%s: %s', (chart, finding) => {
    expect(listFindingsOf(`charts:\n  - ${chart}`, env)).toEqual([finding]);
  });

  it('have names of their own', () => {
    const lines =
      'charts: [{name: app, repo: "https://r"}, {name: b, repo: "https://r"}, {name: app, repo: "https://q"}]';
    expect(listFindingsOf(lines)).toEqual(['error chart-twice charts[2].name']);
  });
});

describe('chart_values', () => {
  it('are kept as they are written', () => {
    const { chartValues } = readClusterYml(
      'chart_values:\n  rke2-coredns: {replicaCount: 2, a: null, b: "", on: yes, mode: 0o644, list: []}\n',
    );
    expect(chartValues).toEqual({
      'rke2-coredns': { replicaCount: 2, a: null, b: '', on: 'yes', mode: 420, list: [] },
    });
  });

  it('win over what other keys make of the same chart, value by value', () => {
    const { chartValues } = readClusterYml(
      'network: {mtu: 1400, options: {canal_iface: eth1}}\nchart_values: {rke2-canal: {calico: {vethuMTU: 1300, resources: {a: 1}}}}',
    );
    expect(chartValues).toEqual({
      'rke2-canal': { flannel: { iface: 'eth1' }, calico: { vethuMTU: 1300, resources: { a: 1 } } },
    });
  });

  it.each([
    ['{rke2-canel: {a: 1}}', 'error chart-values-unknown chart_values.rke2-canel'],
    ['{coredns: {a: 1}}', 'error chart-values-unknown chart_values.coredns'],
    ['{something: {a: 1}}', 'error chart-values-unknown chart_values.something'],
    ['{rke2-cilium: {a: 1}}', 'warning chart-values-unused chart_values.rke2-cilium'],
    ['{rancher-vsphere-csi: {a: 1}}', 'warning chart-values-unused chart_values.rancher-vsphere-csi'],
    ['{rke2-coredns: 1}', 'error invalid-value chart_values.rke2-coredns'],
  ])('%s: %s', (values, finding) => {
    expect(listFindingsOf(`chart_values: ${values}`)).toEqual([finding]);
  });

  it.each(['dns: {provider: none}', 'rke2: {server: {disable: [rke2-coredns]}}'])(
    'are of no use beside %s',
    (lines) => {
      expect(listFindingsOf(`${lines}\nchart_values: {rke2-coredns: {a: 1}}`)).toEqual([
        'warning chart-values-unused chart_values.rke2-coredns',
      ]);
    },
  );

  it('of an ingress controller depend on the version, and are left alone without one', () => {
    const values = 'chart_values: {rke2-traefik: {a: 1}}';
    expect(listFindingsOf(values)).toEqual([]);
    expect(listFindingsOf(`kubernetes_version: v1.36.4+rke2r1\n${values}`)).toEqual([]);
    expect(listFindingsOf(`kubernetes_version: v1.35.7+rke2r1\n${values}`)).toEqual([
      'warning chart-values-unused chart_values.rke2-traefik',
    ]);
  });

  it('may be for a chart of `charts`', () => {
    expect(listFindingsOf('charts: [{name: app, repo: "https://r"}]\nchart_values: {app: {a: 1}}')).toEqual(
      [],
    );
  });

  it('know every chart that RKE2 packages by a name that Helm takes', () => {
    for (const name of Object.keys(PACKAGED_CHARTS)) expect(name).toMatch(/^[a-z0-9-]{1,53}$/);
  });
});
