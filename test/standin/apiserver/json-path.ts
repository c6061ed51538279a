/** True for a JSON object: not null, not an array, not a scalar. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a dotted path (`status.nodeInfo.osImage`); undefined where any part is missing. */
export function valueAt(source: unknown, path: string): unknown {
  let value = source;
  for (const part of path.split('.')) {
    if (!isRecord(value)) return undefined;
    value = value[part];
  }
  return value;
}

/** The scalar at a dotted path as text; empty where there is none. */
export function textAt(source: unknown, path: string): string {
  const value = valueAt(source, path);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

/** The number at a dotted path, or the fallback. */
export function numberAt(source: unknown, path: string, fallback = 0): number {
  const value = valueAt(source, path);
  return typeof value === 'number' ? value : fallback;
}

/** The objects of the list at a dotted path; empty where there is no list. */
export function recordsAt(source: unknown, path: string): readonly Record<string, unknown>[] {
  const value = valueAt(source, path);
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The map of strings at a dotted path (labels, a node selector); entries that are no strings are left out. */
export function stringMapAt(source: unknown, path: string): Readonly<Record<string, string>> {
  const value = valueAt(source, path);
  if (!isRecord(value)) return {};
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}
