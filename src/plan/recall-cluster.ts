import { isDeepStrictEqual } from 'node:util';
import type { Addon, Chart, Cluster, JsonMap, JsonValue } from '../domain/cluster.ts';
import { describeCluster } from '../domain/describe-cluster.ts';
import { Secret } from '../domain/secret.ts';

/** Stands for a secret that the file no longer has: nobody remembers it. */
const FORGOTTEN = new Secret('');

/**
 * The cluster as it was last asked for, from what the state remembers of it. Where file and memory say the same the file's
 * own values are taken, so that secrets count as unchanged; of texts and flags that are otherwise now only that is known.
 */
export function recallCluster(desired: JsonMap, cluster: Cluster): Cluster {
  const now = describeCluster(cluster);
  const merged = recallMap(desired, cluster, now);
  // What earlier releases did not write down was as it is.
  const known = Object.fromEntries(Object.entries(merged).filter(([key]) => key in now));
  return {
    ...cluster,
    ...(known as Partial<Cluster>),
    addons: items(desired['addons']).map((item) => recallAddon(item, cluster, now)),
    charts: items(desired['charts']).map((item) => recallChart(item, cluster, now)),
    environment: secretsIn(known['environment']),
    rke2: {
      ...recalledSettings(known['rke2'], cluster),
      secrets: secretsIn(mapOfAny(known['rke2'])['secrets']),
    },
    chartValues: Object.fromEntries(
      Object.entries(mapOf(desired['chartValues'])).map(([name, hash]) => [
        name,
        mapOf(now['chartValues'])[name] === hash ? (cluster.chartValues[name] ?? {}) : { former: hash },
      ]),
    ),
  };
}

function recall(before: JsonValue, own: unknown, now: JsonValue | undefined): unknown {
  if (now !== undefined && isDeepStrictEqual(before, now)) return own;
  if (Array.isArray(before)) return recallList(before, own, now);
  if (typeof before === 'object' && before !== null) return recallMap(before as JsonMap, own, mapOf(now));
  return before;
}

function recallMap(before: JsonMap, own: unknown, now: JsonMap): Readonly<Record<string, unknown>> {
  const values = typeof own === 'object' && own !== null ? (own as Readonly<Record<string, unknown>>) : {};
  return Object.fromEntries(
    Object.entries(before).map(([key, value]) => {
      const recalled = recall(value, values[key], now[key]);
      return [key, recalled === null && isSecretPlace(key, before) ? FORGOTTEN : recalled];
    }),
  );
}

/** Values that are null only where they stand for a secret. */
function secretsIn<T>(values: unknown): Readonly<Record<string, T>> {
  const entries = Object.entries(mapOfAny(values)).map(([name, value]) => [name, value ?? FORGOTTEN]);
  return Object.fromEntries(entries);
}

function recalledSettings(settings: unknown, { rke2 }: Cluster): Cluster['rke2'] {
  return { ...rke2, ...(mapOfAny(settings) as Partial<Cluster['rke2']>) };
}

function mapOfAny(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** A registry's password: null there means a secret, and nothing else. */
function isSecretPlace(key: string, within: JsonMap): boolean {
  return key === 'password' && 'username' in within;
}

function recallList(before: readonly JsonValue[], own: unknown, now: JsonValue | undefined): unknown {
  const values = Array.isArray(own) ? (own as readonly unknown[]) : [];
  const described = Array.isArray(now) ? (now as readonly JsonValue[]) : [];
  return before.map((item) => {
    const name = identityOf(item);
    const index = name === null ? -1 : described.findIndex((each) => identityOf(each) === name);
    return index < 0 ? recall(item, undefined, undefined) : recall(item, values[index], described[index]);
  });
}

function identityOf(value: JsonValue): JsonValue {
  const map = mapOf(value);
  return map['key'] ?? map['path'] ?? map['name'] ?? null;
}

function recallAddon(item: JsonMap, cluster: Cluster, now: JsonMap): Addon {
  const index = items(now['addons']).findIndex((each) => isDeepStrictEqual(each, item));
  const same = cluster.addons[index];
  if (same !== undefined) return same;
  const { url, text } = item;
  const name = String(item['name']);
  return { name, source: typeof url === 'string' ? { url } : { text: `# ${String(text)}\n` } };
}

function recallChart(item: JsonMap, cluster: Cluster, now: JsonMap): Chart {
  const index = items(now['charts']).findIndex((each) => isDeepStrictEqual(each, item));
  const same = cluster.charts[index];
  return same ?? ({ ...item, values: { former: item['values'] ?? null } } as unknown as Chart);
}

function mapOf(value: JsonValue | undefined): JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMap) : {};
}

function items(value: JsonValue | undefined): readonly JsonMap[] {
  return Array.isArray(value) ? value.map(mapOf) : [];
}
