import type { ClusterNode, JsonMap, JsonValue } from '../domain/cluster.ts';
import type { State } from '../domain/state.ts';

/** A node's labels and taints (`key:effect` → value) as the file had them when it was last brought about; null: not known. */
export interface AskedMarks {
  readonly labels: ReadonlyMap<string, JsonValue>;
  readonly taints: ReadonlyMap<string, JsonValue>;
}

/** What the state's last file asked for on this node; found by its key, else by its name. */
export function askedMarks({ desired }: State, spec: ClusterNode): AskedMarks | null {
  const nodes = listOf(desired?.['nodes']);
  const before =
    nodes.find((node) => node['key'] === spec.key) ??
    nodes.find((node) => spec.name !== null && node['name'] === spec.name);
  if (before === undefined) return null;
  const taints = listOf(before['taints']).map(
    ({ key, effect, value }) => [`${key}:${effect}`, value ?? ''] as const,
  );
  return { labels: new Map(Object.entries(mapOf(before['labels']))), taints: new Map(taints) };
}

function listOf(value: JsonValue | undefined): readonly JsonMap[] {
  return Array.isArray(value) ? value.map(mapOf) : [];
}

function mapOf(value: JsonValue | undefined): JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMap) : {};
}
