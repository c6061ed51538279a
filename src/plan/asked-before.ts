import type { ClusterNode, JsonMap, JsonValue } from '../domain/cluster.ts';
import type { State } from '../domain/state.ts';
import { remember } from '../lib/remember.ts';

/** A node's labels and taints (`key:effect` → value) as the file had them when it was last brought about; null: not known. */
export interface AskedMarks {
  readonly labels: ReadonlyMap<string, JsonValue>;
  readonly taints: ReadonlyMap<string, JsonValue>;
}

/** What the state's last file asked for on this node; found by its key, else by its name. */
export function askedMarks({ desired }: State, spec: ClusterNode): AskedMarks | null {
  const nodes = desired === null ? null : nodesOf(desired);
  const before =
    nodes?.byKey.get(spec.key) ?? (spec.name === null ? undefined : nodes?.byName.get(spec.name));
  if (before === undefined) return null;
  const taints = listOf(before['taints']).map(
    ({ key, effect, value }) => [`${key}:${effect}`, value ?? ''] as const,
  );
  return { labels: new Map(Object.entries(mapOf(before['labels']))), taints: new Map(taints) };
}

/** Of two of one name or key the first counts. */
const nodesOf = remember((desired: JsonMap) => {
  const nodes = listOf(desired['nodes']).toReversed();
  return {
    byKey: new Map(nodes.map((node) => [node['key'], node])),
    byName: new Map(nodes.map((node) => [node['name'], node])),
  };
});

function listOf(value: JsonValue | undefined): readonly JsonMap[] {
  return Array.isArray(value) ? value.map(mapOf) : [];
}

function mapOf(value: JsonValue | undefined): JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMap) : {};
}
