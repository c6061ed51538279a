import type { JsonMap, JsonValue, NodeFile, Rke2Value, Rke2Values } from '../../domain/cluster.ts';
import type { Secret } from '../../domain/secret.ts';

/** What one part of cluster.yml adds to the nodes: keys of config.yaml, files, values of charts. */
export interface Contribution {
  readonly server: Rke2Values;
  readonly agent: Rke2Values;
  /** Keys of the servers' config.yaml whose values are secret. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly files: readonly NodeFile[];
  readonly chartValues: Readonly<Record<string, JsonMap>>;
}

/** Puts contributions together: lists of one key grow, maps of chart values merge, anything else: the later one wins. */
export function mergeContributions(parts: readonly Partial<Contribution>[]): Contribution {
  return {
    server: parts.reduce<Rke2Values>((all, part) => mergeValues(all, part.server ?? {}), {}),
    agent: parts.reduce<Rke2Values>((all, part) => mergeValues(all, part.agent ?? {}), {}),
    secrets: Object.assign({}, ...parts.map((part) => part.secrets ?? {})),
    files: parts.flatMap((part) => part.files ?? []),
    chartValues: parts.reduce<Record<string, JsonMap>>(
      (all, part) => mergeMaps(all, part.chartValues ?? {}) as Record<string, JsonMap>,
      {},
    ),
  };
}

function mergeValues(before: Rke2Values, after: Rke2Values): Rke2Values {
  const merged: Record<string, Rke2Value> = { ...before };
  for (const [key, value] of Object.entries(after)) {
    const held = merged[key];
    merged[key] = isList(held) && isList(value) ? [...held, ...value] : value;
  }
  return merged;
}

/** Maps merge key by key, all the way down; of anything else the later value stays. */
export function mergeMaps(before: JsonMap, after: JsonMap): JsonMap {
  const merged: Record<string, JsonValue> = { ...before };
  for (const [key, value] of Object.entries(after)) {
    const held = merged[key];
    merged[key] = isMap(held) && isMap(value) ? mergeMaps(held, value) : value;
  }
  return merged;
}

function isMap(value: JsonValue | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Rke2Value | undefined): value is readonly (string | number | boolean)[] {
  return Array.isArray(value);
}
