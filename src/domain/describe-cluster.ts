import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256 } from '../lib/hash.ts';
import { remember } from '../lib/remember.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import type { Addon, Chart, Cluster, JsonMap, JsonValue, NodeFile, Rke2Values } from './cluster.ts';
import { Secret } from './secret.ts';

/**
 * The cluster as the state remembers it, as plain JSON that can be held against a later cluster.yml: secrets are left
 * out, and long texts (files, manifests, charts) are named by their SHA-256. So are values of charts, flags and
 * variables of components, and the proxy to S3: nobody knows which of them are passwords.
 */
export const describeCluster = remember((cluster: Cluster): JsonMap => {
  const { files, addons, charts, chartValues, rke2, nodes, ...rest } = cluster;
  return {
    ...(plain(rest) as JsonMap),
    nodes: nodes.map((node) => ({ ...(plain(node) as JsonMap), rke2: describeValues(node.rke2) })),
    rke2: {
      server: describeValues(rke2.server),
      agent: describeValues(rke2.agent),
      secrets: plain(rke2.secrets),
    },
    files: files.map(describeFile),
    addons: addons.map(describeAddon),
    charts: charts.map(describeChart),
    chartValues: Object.fromEntries(Object.entries(chartValues).map(([name, each]) => [name, hashOf(each)])),
  };
});

function describeFile({ path, on, content }: NodeFile): JsonMap {
  return { path, on, content: content instanceof Secret ? null : `sha256:${sha256(content)}` };
}

function describeAddon({ name, source }: Addon): JsonMap {
  return {
    name,
    ...('url' in source
      ? { url: splitCredentials(source.url).url }
      : { text: source.text instanceof Secret ? null : `sha256:${sha256(source.text)}` }),
  };
}

function describeChart({ archive, repo, values, ...chart }: Chart): JsonMap {
  return {
    ...(plain(chart) as JsonMap),
    repo: repo === null ? null : splitCredentials(repo).url,
    values: hashOf(values),
    archive: archive === null ? null : `sha256:${sha256(archive)}`,
  };
}

function hashOf(values: JsonMap): string {
  return `sha256:${sha256(canonicalJson(values))}`;
}

function describeValues(values: Rke2Values): JsonMap {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      /-(arg|extra-env|proxy)$/.test(key) ? `sha256:${sha256(canonicalJson(value))}` : value,
    ]),
  );
}

/** JSON of plain data; a secret becomes null, so that its place is known and nothing else of it. */
function plain(value: unknown): JsonValue {
  if (value instanceof Secret) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
