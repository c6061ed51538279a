import { isDeepStrictEqual } from 'node:util';
import type { Cluster, JsonMap, JsonValue } from '../domain/cluster.ts';
import { describeCluster } from '../domain/describe-cluster.ts';
import type { Change } from '../domain/plan.ts';
import { isSameJson } from '../lib/is-same-json.ts';
import { inFileWords, isOfOperator, type Place } from './file-words.ts';

/**
 * What the file says otherwise than when it was last brought about, leaf by leaf, in the words of the file; empty for a
 * new cluster. Nodes are matched by address and port, then by name, then by address; one that came or went is one change,
 * as are the items of other lists. Secrets cannot be compared and are not told; of texts and flags it is told that they
 * differ, and no more (null before and after). `fileKeys` names the keys of the file that become keys of RKE2's own config.
 */
export function findChanges(
  desired: JsonMap | null,
  cluster: Cluster,
  fileKeys: ReadonlyMap<string, string> = new Map(),
): readonly Change[] {
  if (desired === null) return [];
  const now = describeCluster(cluster);
  // What earlier releases did not write down they did not know; nobody has changed it.
  const known = Object.keys(now).filter((key) => key in desired);
  const leaves = known.flatMap((key) => [...compare([key], desired[key] ?? null, now[key] ?? null)]);
  const changes = leaves
    .filter(({ place }) => !isOfOperator(place))
    .map(({ place, before, after }) => ({
      path: inFileWords(place, fileKeys),
      before: told(before),
      after: told(after),
    }));
  // One key of the file may become the same key of servers and of agents.
  return changes.filter(
    (change, index) => !changes.slice(0, index).some((other) => isDeepStrictEqual(other, change)),
  );
}

interface Leaf {
  readonly place: Place;
  readonly before: JsonValue;
  readonly after: JsonValue;
}

function* compare(place: Place, before: JsonValue, after: JsonValue): Generator<Leaf> {
  if (isSameJson(before, after)) return;
  if (isMap(before) && isMap(after)) {
    if (before['keyPathsAreDefaults'] === true && after['keyPathsAreDefaults'] === true) return;
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)]))
      yield* compare([...place, key], before[key] ?? null, after[key] ?? null);
  } else if (isList(before) && isList(after) && [...before, ...after].some(isMap)) {
    yield* compareItems(place, before.filter(isMap), after.filter(isMap));
  } else yield { place, before, after };
}

/** Lists of maps, item by item, whatever the order in which they stand. */
function* compareItems(place: Place, before: readonly JsonMap[], after: readonly JsonMap[]): Generator<Leaf> {
  const pairs = pairUp(before, after);
  for (const item of after) {
    const former = pairs.get(item);
    const within = [...place, { item: nameOf(item, after.indexOf(item)) }];
    if (former === undefined) yield { place: within, before: null, after: summary(item) };
    else yield* compare(within, former, item);
  }
  const kept = new Set(pairs.values());
  for (const item of before) {
    if (!kept.has(item))
      yield {
        place: [...place, { item: nameOf(item, before.indexOf(item)) }],
        before: summary(item),
        after: null,
      };
  }
}

type Identity = (item: JsonMap) => string | null;

const IDENTITIES: readonly Identity[] = [
  (item) => (isNode(item) ? text(item['key']) : null),
  (item) => ('effect' in item ? `${text(item['key'])}:${text(item['effect'])}` : null),
  (item) => text(item['name']),
  (item) => (isNode(item) ? text(item['address']) : text(item['path'])),
];

/** Each item of `after` with the one of `before` that it was; by the first identity that both have and nobody else took. */
function pairUp(before: readonly JsonMap[], after: readonly JsonMap[]): ReadonlyMap<JsonMap, JsonMap> {
  const pairs = new Map<JsonMap, JsonMap>();
  const taken = new Set<JsonMap>();
  for (const identity of IDENTITIES) {
    const free = new Map(
      before.filter((item) => !taken.has(item)).map((item) => [identity(item), item] as const),
    );
    for (const item of after) {
      const id = identity(item);
      const former = id === null || pairs.has(item) ? undefined : free.get(id);
      if (former === undefined || taken.has(former)) continue;
      pairs.set(item, former);
      taken.add(former);
    }
  }
  return pairs;
}

/** What people call an item: a node's name, else its address; a taint's `key:effect`; anything else by name, path or place. */
function nameOf(item: JsonMap, index: number): string {
  if ('effect' in item) return `${text(item['key'])}:${text(item['effect'])}`;
  return text(item['name']) ?? text(item['address']) ?? text(item['path']) ?? String(index);
}

/** Of one that came or went: enough to know it by. */
function summary(item: JsonMap): JsonValue {
  if (!isNode(item))
    return 'effect' in item ? (item['value'] ?? '') : (text(item['name']) ?? text(item['path']) ?? item);
  return { address: item['address'] ?? null, role: item['roles'] ?? null };
}

function isNode(item: JsonMap): boolean {
  return 'roles' in item && 'address' in item;
}

/** Hashes stand for what nobody is to read; that they differ is all that is told. */
function told(value: JsonValue): JsonValue {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value) ? null : value;
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function isMap(value: JsonValue): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
