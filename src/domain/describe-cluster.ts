import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256 } from '../lib/hash.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import type { Addon, Chart, Cluster, JsonMap, JsonValue, NodeFile } from './cluster.ts';
import { Secret } from './secret.ts';

/**
 * The cluster as the state remembers it, as plain JSON that can be held against a later cluster.yml: secrets are left
 * out, and long texts (files, manifests, charts) are named by their SHA-256. So are values of charts: nobody knows which
 * of them are passwords.
 */
export function describeCluster(cluster: Cluster): JsonMap {
  const { files, addons, charts, chartValues, ...rest } = cluster;
  return {
    ...(plain(rest) as JsonMap),
    files: files.map(describeFile),
    addons: addons.map(describeAddon),
    charts: charts.map(describeChart),
    chartValues: Object.fromEntries(Object.entries(chartValues).map(([name, each]) => [name, hashOf(each)])),
  };
}

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

/** JSON of plain data; a secret becomes null, so that its place is known and nothing else of it. */
function plain(value: unknown): JsonValue {
  if (value instanceof Secret) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
