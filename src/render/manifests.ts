import { Document, Scalar } from 'yaml';
import type { Chart, Cluster, JsonMap } from '../domain/cluster.ts';
import { Secret } from '../domain/secret.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import { MANIFEST_PREFIX, manifestsDir } from '../rke2/paths.ts';
import { quotedYaml } from './quoted-yaml.ts';

/** A file for RKE2's deploy controller. */
export interface Manifest {
  /** Unique among the cluster's manifests; RKE2's AddOn object is called `rke2ctl-<name>`. */
  readonly name: string;
  /** null: it comes from a URL and was not fetched. */
  readonly content: string | null;
  /** Without user and password. */
  readonly url: string | null;
}

/** Texts of addons that come from a URL, by the addon's name. */
export type AddonTexts = Readonly<Record<string, string>>;

const HEADER = '# Written by rke2ctl. Edit cluster.yml and run `rke2ctl up`: changes made here are drift.\n';

/** Every manifest that the file brings: its addons as they are, a HelmChart for each chart, a HelmChartConfig for each chart's values. */
export function renderManifests(
  { addons, charts, chartValues }: Pick<Cluster, 'addons' | 'charts' | 'chartValues'>,
  texts: AddonTexts = {},
): readonly Manifest[] {
  return [
    ...addons.map(({ name, source }) =>
      'url' in source
        ? { name, content: texts[name] ?? null, url: splitCredentials(source.url).url }
        : { name, content: source.text instanceof Secret ? source.text.reveal() : source.text, url: null },
    ),
    ...charts.map((chart) => ({ name: `chart-${chart.name}`, content: renderChart(chart), url: null })),
    ...Object.entries(chartValues)
      .filter(([, values]) => Object.keys(values).length > 0)
      .map(([name, values]) => ({
        name: `values-${name}`,
        content: renderChartConfig(name, values),
        url: null,
      })),
  ];
}

/** Where a manifest lies on every node with a control plane. */
export function manifestPath(dataDir: string, name: string): string {
  return `${manifestsDir(dataDir)}/${MANIFEST_PREFIX}${name}.yaml`;
}

/** The name of the manifest of ours that lies at a path; null when none of ours does. */
export function manifestNameOf(path: string): string | null {
  const found = /\/server\/manifests\/([^/]+)\.yaml$/.exec(path)?.[1];
  return found?.startsWith(MANIFEST_PREFIX) === true ? found.slice(MANIFEST_PREFIX.length) : null;
}

/** What RKE2 calls the AddOn object that it makes of a manifest: the file's name up to its first dot. */
export function addonObjectName(name: string): string {
  return `${MANIFEST_PREFIX}${name}`;
}

function renderChart(chart: Chart): string {
  const { repo, version, archive } = chart;
  return manifest('HelmChart', chart.name, {
    targetNamespace: chart.namespace,
    ...(chart.createNamespace && { createNamespace: true }),
    ...(chart.chart !== null && { chart: chart.chart }),
    ...(repo !== null && { repo }),
    ...(version !== null && { version }),
    ...(chart.bootstrap && { bootstrap: true }),
    ...(Object.keys(chart.values).length > 0 && { valuesContent: block(quotedYaml(chart.values)) }),
    ...(archive !== null && { chartContent: archive }),
  });
}

function renderChartConfig(name: string, values: JsonMap): string {
  return manifest('HelmChartConfig', name, { valuesContent: block(quotedYaml(values)) });
}

function manifest(kind: string, name: string, spec: object): string {
  const document = new Document({
    apiVersion: 'helm.cattle.io/v1',
    kind,
    metadata: { name, namespace: 'kube-system' },
    spec,
  });
  return HEADER + quotedYaml(document, { plainKeys: true });
}

/** Text that people can read where it stands; all that could bend it is escaped in it already. */
function block(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.type = Scalar.BLOCK_LITERAL;
  return scalar;
}
