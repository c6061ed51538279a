import { type Document, isMap, isSeq, parse, parseDocument, type YAMLMap, YAMLSeq } from 'yaml';

/** `conflict`: entries of that name are there and belong to another cluster; `unreadable`: no kubeconfig. */
export type MergeResult =
  | { readonly outcome: 'merged' | 'unchanged'; readonly text: string }
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'unreadable'; readonly reason: string };

const LISTS = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
type ListName = keyof typeof LISTS;
const LIST_NAMES = ['clusters', 'users', 'contexts'] as const;

/**
 * A kubeconfig with `addition` (as renderKubeconfig makes it) put into it. Entries of the same name are replaced if they
 * are of the same CA, or with `force`; every other entry, comment and key stays. The current context is set only where
 * there was none.
 */
export function mergeKubeconfig(
  text: string,
  addition: string,
  { force }: { readonly force: boolean },
): MergeResult {
  if (text.trim() === '') return { outcome: 'merged', text: addition };
  const document = parseDocument(text);
  const reason = refusal(document);
  if (reason !== null) return { outcome: 'unreadable', reason };
  const before = JSON.stringify(document.toJS());
  const incoming = parse(addition) as Readonly<Record<string, unknown>>;
  const entries = LIST_NAMES.map((list) => [list, firstOf(incoming[list])] as const);
  const name = entries[0]?.[1]['name'];
  if (typeof name !== 'string') throw new Error('the addition is no kubeconfig');
  if (!force && isForeign(document, entries, name)) return { outcome: 'conflict' };
  for (const [list, entry] of entries) put(document, list, name, entry);
  if (!document.get('current-context')) document.set('current-context', name);
  // The order of keys is the same if nothing was changed: an entry is replaced value by value.
  if (JSON.stringify(document.toJS()) === before) return { outcome: 'unchanged', text };
  const indentSeq = !/^clusters:[^\S\n]*\n-/m.test(text);
  return {
    outcome: 'merged',
    text: document.toString({ lineWidth: 0, indentSeq, flowCollectionPadding: false }),
  };
}

type Entry = Readonly<Record<string, unknown>>;

/** Why this text cannot be added to; null when it can. */
function refusal(document: Document): string | null {
  const [error] = document.errors;
  if (error !== undefined) return error.message.split('\n')[0] ?? '';
  if (!isMap(document.contents)) return 'it is not a map of keys';
  const kind: unknown = document.get('kind');
  if (kind !== undefined && kind !== 'Config') return `its kind is ${String(kind)}, not Config`;
  for (const list of LIST_NAMES) {
    const held: unknown = document.get(list);
    if (held === undefined || held === null) continue;
    if (!isSeq(held)) return `${list} is not a list`;
    if (!held.items.every((item) => isMap(item) && typeof item.get('name') === 'string'))
      return `${list} has an entry without a name`;
  }
  return null;
}

/** An entry of that name which is not of the addition's own cluster: told apart by the CA. */
function isForeign(
  document: Document,
  entries: readonly (readonly [ListName, Entry])[],
  name: string,
): boolean {
  const held = LIST_NAMES.flatMap((list) => namedIn(document, list, name));
  if (held.length === 0) return false;
  const [cluster, ...sameName] = namedIn(document, 'clusters', name);
  const wanted = (entries[0]?.[1]['cluster'] as Entry | undefined)?.['certificate-authority-data'];
  if (cluster === undefined || sameName.length > 0) return true;
  if (cluster.getIn(['cluster', 'certificate-authority-data']) !== wanted) return true;
  return namedIn(document, 'contexts', name).some(
    (context) =>
      context.getIn(['context', 'cluster']) !== name || context.getIn(['context', 'user']) !== name,
  );
}

function namedIn(document: Document, list: ListName, name: string): readonly YAMLMap[] {
  const held: unknown = document.get(list);
  if (!isSeq(held)) return [];
  return held.items.filter((item): item is YAMLMap => isMap(item) && item.get('name') === name);
}

/** Replaces what the entry of that name holds, or adds the entry; a context's namespace and the like stay. */
function put(document: Document, list: ListName, name: string, entry: Entry): void {
  const inner = LISTS[list];
  const [held, ...others] = namedIn(document, list, name);
  const value = entry[inner] as Entry;
  let sequence: unknown = document.get(list);
  if (held === undefined) {
    if (!isSeq(sequence)) {
      sequence = new YAMLSeq();
      document.set(list, sequence);
    }
    // An empty list in braces would take its first entry in braces, too.
    (sequence as YAMLSeq).flow = false;
    (sequence as YAMLSeq).add(document.createNode(entry));
    return;
  }
  if (isSeq(sequence))
    sequence.items = sequence.items.filter((item) => !others.some((other) => item === other));
  const existing: unknown = held.get(inner);
  if (list === 'contexts' && isMap(existing)) {
    for (const [key, each] of Object.entries(value)) existing.set(key, each);
    return;
  }
  if (JSON.stringify(isMap(existing) ? existing.toJSON() : existing) === JSON.stringify(value)) return;
  held.set(inner, document.createNode(value));
}

function firstOf(list: unknown): Entry {
  return ((list as readonly unknown[] | undefined)?.[0] ?? {}) as Entry;
}
