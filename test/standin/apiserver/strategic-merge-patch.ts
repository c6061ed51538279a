import { isRecord } from './json-path.ts';

/**
 * How lists merge: by the key that tells their entries apart. Kubernetes has this in its types; a list that is not
 * here is replaced as a whole (node taints and tolerations among them, as with Kubernetes).
 */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  addresses: ['type'],
  conditions: ['type'],
  containers: ['name'],
  containerStatuses: ['name'],
  env: ['name'],
  ephemeralContainers: ['name'],
  hostAliases: ['ip'],
  imagePullSecrets: ['name'],
  initContainers: ['name'],
  ownerReferences: ['uid'],
  ports: ['containerPort', 'port'],
  secrets: ['name'],
  topologySpreadConstraints: ['topologyKey'],
  volumeDevices: ['devicePath'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
};

/** Lists of plain values that are sets. */
const SETS = new Set(['finalizers', 'podCIDRs']);
const SET_ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

type Entry = Record<string, unknown>;

function mergeKeyOf(field: string, entries: readonly unknown[]): string | undefined {
  return MERGE_KEYS[field]?.find((key) =>
    entries.every((entry) => isRecord(entry) && entry[key] !== undefined),
  );
}

function mergeLists(field: string, current: readonly unknown[], patch: readonly unknown[]): unknown {
  const replaces = patch.some((entry) => isRecord(entry) && entry['$patch'] === 'replace');
  const entries = patch.filter((entry) => !(isRecord(entry) && entry['$patch'] === 'replace'));
  if (replaces) return entries;
  if (SETS.has(field)) return [...new Set([...current, ...entries])];
  const mergeKey = mergeKeyOf(field, [...current, ...entries]);
  if (mergeKey === undefined) return entries;
  const result = current.filter(isRecord);
  for (const entry of entries.filter(isRecord)) {
    const at = result.findIndex((candidate) => candidate[mergeKey] === entry[mergeKey]);
    if (entry['$patch'] === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = mergeEntries(result[at] ?? {}, entry);
    else result.push(mergeEntries({}, entry));
  }
  return result;
}

function orderBy(field: string, list: unknown, order: readonly unknown[]): unknown {
  if (!Array.isArray(list)) return list;
  const mergeKey = mergeKeyOf(field, list);
  const idOf = (entry: unknown): unknown =>
    mergeKey !== undefined && isRecord(entry) ? entry[mergeKey] : entry;
  const ranks = new Map(order.map((entry, index) => [idOf(entry), index]));
  const rankOf = (entry: unknown): number => ranks.get(idOf(entry)) ?? order.length;
  return [...list].sort((a, b) => rankOf(a) - rankOf(b));
}

function mergeEntries(current: Entry, patch: Entry): Entry {
  const directive = patch['$patch'];
  const result: Entry = directive === 'replace' ? {} : { ...current };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM) && Array.isArray(value)) {
      const field = key.slice(DELETE_FROM.length);
      const list = result[field];
      if (Array.isArray(list)) result[field] = list.filter((entry) => !value.includes(entry));
    } else if (key === '$retainKeys' && Array.isArray(value)) {
      for (const field of Object.keys(result)) if (!value.includes(field)) delete result[field];
    } else if (!key.startsWith('$')) mergeField(result, key, value);
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(SET_ORDER) || !Array.isArray(order)) continue;
    const field = key.slice(SET_ORDER.length);
    if (result[field] !== undefined) result[field] = orderBy(field, result[field], order);
  }
  return result;
}

function mergeField(result: Entry, key: string, value: unknown): void {
  const current = result[key];
  if (value === null) delete result[key];
  else if (Array.isArray(value)) result[key] = mergeLists(key, Array.isArray(current) ? current : [], value);
  else if (isRecord(value) && value['$patch'] === 'delete') delete result[key];
  else if (isRecord(value)) result[key] = mergeEntries(isRecord(current) ? current : {}, value);
  else result[key] = value;
}

/** Kubernetes' strategic merge patch, with the directives that kubectl sends ($patch, $retainKeys, orders, deletions). */
export function applyStrategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  return mergeEntries(isRecord(target) ? target : {}, patch);
}
