import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Chart, JsonMap } from '../../src/domain/cluster.ts';
import { addonObjectName, manifestPath, renderManifests } from '../../src/render/manifests.ts';
import { quotedYaml } from '../../src/render/quoted-yaml.ts';
import { listManifestObjects, objectKey } from '../../src/rke2/manifest-objects.ts';

const CHART: Chart = {
  name: 'longhorn',
  namespace: 'longhorn-system',
  chart: 'longhorn',
  repo: 'https://charts.example',
  version: '1.10',
  createNamespace: true,
  values: { persistence: { defaultClass: false }, port: '0644' },
  archive: null,
  bootstrap: false,
};

function onlyText(part: Partial<Parameters<typeof renderManifests>[0]>): string {
  const [manifest] = renderManifests({ addons: [], charts: [], chartValues: {}, ...part });
  return manifest?.content ?? '';
}

describe('manifests', () => {
  it('of addons are their own texts, byte for byte', () => {
    const text = '# mine\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {on: off}\n';
    expect(onlyText({ addons: [{ name: 'a', source: { text } }] })).toBe(text);
  });

  it('of addons at a URL are what was fetched, and unknown before that; no password is remembered', () => {
    const addons = [{ name: 'a', source: { url: 'https://me:secret@example.com/a.yaml' } }];
    const rest = { charts: [], chartValues: {} };
    const [unknown] = renderManifests({ addons, ...rest });
    expect(unknown).toEqual({ name: 'a', content: null, url: 'https://example.com/a.yaml' });
    expect(renderManifests({ addons, ...rest }, { a: 'x' })[0]?.content).toBe('x');
  });

  it('of a chart say where it comes from and what its values are', () => {
    expect(onlyText({ charts: [CHART] })).toMatchInlineSnapshot(`
      "# Written by rke2ctl. Edit cluster.yml and run \`rke2ctl up\`: changes made here are drift.
      apiVersion: "helm.cattle.io/v1"
      kind: "HelmChart"
      metadata:
        name: "longhorn"
        namespace: "kube-system"
      spec:
        targetNamespace: "longhorn-system"
        createNamespace: true
        chart: "longhorn"
        repo: "https://charts.example"
        version: "1.10"
        valuesContent: |
          "persistence":
            "defaultClass": false
          "port": "0644"
      "
    `);
  });

  it('of a chart in an air gap carry the chart', () => {
    const text = onlyText({
      charts: [{ ...CHART, chart: null, repo: null, archive: 'YWJj', bootstrap: true }],
    });
    expect(parse(text).spec).toMatchObject({ chartContent: 'YWJj', bootstrap: true });
    expect(parse(text).spec.chart).toBeUndefined();
  });

  it('of values for a packaged chart bear its name; without values there is none', () => {
    const chartValues = { 'rke2-canal': { flannel: { iface: 'eth1' } }, 'rke2-coredns': {} };
    const manifests = renderManifests({ addons: [], charts: [], chartValues });
    expect(manifests.map(({ name }) => name)).toEqual(['values-rke2-canal']);
    expect(listManifestObjects(manifests[0]?.content ?? '')).toMatchObject({
      objects: [
        {
          apiVersion: 'helm.cattle.io/v1',
          kind: 'HelmChartConfig',
          namespace: 'kube-system',
          name: 'rke2-canal',
        },
      ],
      mistakes: [],
    });
  });

  it('lie where RKE2 looks, under names that are ours', () => {
    expect(manifestPath('/data', 'a')).toBe('/data/server/manifests/rke2ctl-a.yaml');
    expect(addonObjectName('a')).toBe('rke2ctl-a');
  });
});

describe('the objects of a manifest', () => {
  it('are told apart, also in lists and between empty documents', () => {
    const { objects, mistakes } = listManifestObjects(
      '---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: x, namespace: n}}\n- {apiVersion: g/v1, kind: B, metadata: {name: y}}\n',
    );
    expect(mistakes).toEqual([]);
    expect(objects.map(objectKey)).toEqual(['/A/n/x', 'g/B/default/y']);
  });

  it('know that a namespace beside a kind that has none means nothing', () => {
    const key = (apiVersion: string, kind: string, namespace: string) =>
      objectKey(
        listManifestObjects(
          `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x, namespace: "${namespace}"}\n`,
        ).objects[0] ?? { apiVersion, kind, name: 'none', namespace: null },
      );
    const role = ['rbac.authorization.k8s.io/v1', 'ClusterRole'] as const;
    expect(key(...role, 'kube-system')).toBe(key(...role, ''));
    expect(key('v1', 'ConfigMap', 'default')).toBe(key('v1', 'ConfigMap', ''));
    // Another's kind of the same name.
    expect(key('longhorn.io/v1', 'Node', 'a')).not.toBe(key('longhorn.io/v1', 'Node', 'b'));
  });

  it.each([
    ['apiVersion: v1\nkind: A\n', 'line 1: the A has no metadata.name'],
    ['apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\nkind: B\n', 'line 5: it has no apiVersion'],
    ['apiVersion: v1\n', 'line 1: it has no kind'],
    ['just words\n', 'line 1: it is no object of Kubernetes (a map with apiVersion, kind and metadata)'],
    ['a: [1\n', 'line 2: it is not YAML (Flow sequence'],
    ['a: 1\na: 2\n', 'line 2: it is not YAML (Map keys must be unique)'],
  ])('%j is refused: %s', (text, mistake) => {
    const [found] = listManifestObjects(text).mistakes;
    expect(`line ${found?.line}: ${found?.message}`).toContain(mistake);
  });
});

describe('quoted YAML', () => {
  const values = fc.jsonValue({ maxDepth: 4 }).map((value) => ({ value }) as unknown as JsonMap);

  it('reads back to the same values in YAML 1.1 and 1.2, also inside a manifest', () => {
    fc.assert(
      fc.property(values, (map) => {
        const expected = JSON.stringify(map);
        for (const version of ['1.1', '1.2'] as const) {
          expect(JSON.stringify(parse(quotedYaml(map), { version }))).toBe(expected);
          const text = onlyText({ chartValues: { c: map } });
          const content = parse(text, { version }).spec.valuesContent as string;
          expect(JSON.stringify(parse(content, { version }))).toBe(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    'on',
    'no',
    '0644',
    '0o17',
    '1e3',
    '2020-01-01',
    '12:30:45',
    '',
    '~',
    'a\u2028b',
    '\u0085',
    '=',
    '<<',
  ])('keeps %j text', (text) => {
    for (const version of ['1.1', '1.2'] as const) {
      expect(parse(quotedYaml({ [text]: text }), { version, merge: true })).toEqual({ [text]: text });
    }
  });
});
