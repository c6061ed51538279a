import { sha256 } from '../lib/hash.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import type { Addon, Chart, Cluster, JsonMap, JsonValue, NodeFile } from './cluster.ts';
import { Secret } from './secret.ts';

/**
 * The cluster as the state remembers it, as plain JSON that can be held against a later cluster.yml: secrets are left
 * out, and long texts (files, manifests, charts) are named by their SHA-256.
 */
export function describeCluster(cluster: Cluster): JsonMap {
  const { files, addons, charts, ...rest } = cluster;
  return {
    ...(plain(rest) as JsonMap),
    files: files.map(describeFile),
    addons: addons.map(describeAddon),
    charts: charts.map(describeChart),
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

function describeChart({ archive, ...chart }: Chart): JsonMap {
  return { ...(plain(chart) as JsonMap), archive: archive === null ? null : `sha256:${sha256(archive)}` };
}

/** JSON of plain data; a secret becomes null, so that its place is known and nothing else of it. */
function plain(value: unknown): JsonValue {
  if (value instanceof Secret) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
