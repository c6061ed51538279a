/**
 * What several files say together, read from left to right: maps merge key by key, all the way down; of anything else
 * the later one stays, lists and empty values included. In which order the merging is done makes no difference unless
 * one of the files makes something else of a key that is a map in others, or empties it.
 */
export function mergeFiles(values: readonly unknown[]): unknown {
  return values.reduce((before, after) => mergeValues(before, after));
}

function mergeValues(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after)) return after;
  const entries = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(after)) {
    entries.set(key, entries.has(key) ? mergeValues(entries.get(key), value) : value);
  }
  return Object.fromEntries(entries);
}

/** Whether the value is a map of YAML. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
