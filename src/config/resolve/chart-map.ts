import type { JsonMap, JsonValue } from '../../domain/cluster.ts';

/** A value of a chart that the file may leave to the chart. */
type Unset = JsonValue | undefined | { readonly [key: string]: Unset };

/** The map without what the file leaves out, and without the maps that are empty for that. */
export function chartMap(map: { readonly [key: string]: Unset }): JsonMap {
  const entries = Object.entries(map).flatMap(([key, value]): [string, JsonValue][] => {
    if (value === undefined) return [];
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return [[key, value as JsonValue]];
    const inner = chartMap(value as { readonly [key: string]: Unset });
    return Object.keys(inner).length === 0 ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}

/** Values of one chart; none when the file says nothing about it. */
export function valuesOf(
  chart: string,
  map: { readonly [key: string]: Unset },
): Readonly<Record<string, JsonMap>> {
  const values = chartMap(map);
  return Object.keys(values).length === 0 ? {} : { [chart]: values };
}
