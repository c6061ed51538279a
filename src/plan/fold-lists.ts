/** A place where a list stood: its number among the lists that were taken out. */
interface ListRef {
  readonly $list: number;
}

/** Plain data without its longer lists of words, and these, each once. */
export interface Folded {
  readonly lists: readonly (readonly string[])[];
  readonly value: unknown;
}

/** Shorter lists are not worth it. */
const SHORTEST = 16;

/**
 * Takes every longer list of words out of plain data and leaves its number: a plan of a thousand nodes has the addresses of
 * all of them in the steps of each. The data must have no key `$list` of its own.
 */
export function foldLists(value: unknown): Folded {
  const lists: (readonly string[])[] = [];
  const byText = new Map<string, ListRef>();
  // Mostly it is the very same list, and then nobody has to look into it.
  const byList = new Map<unknown, ListRef>();
  const refer = (list: readonly string[]): ListRef => {
    const text = JSON.stringify(list);
    const ref = byText.get(text) ?? { $list: lists.push(list) - 1 };
    byText.set(text, ref);
    byList.set(list, ref);
    return ref;
  };
  const fold = (each: unknown): unknown => {
    if (typeof each !== 'object' || each === null) return each;
    if (isWordList(each)) return byList.get(each) ?? refer(each);
    if (Array.isArray(each)) return each.map(fold);
    return Object.fromEntries(Object.entries(each).map(([key, item]) => [key, fold(item)]));
  };
  return { value: fold(value), lists };
}

/** The data as it was; equal lists are one and the same object then. A number that no list has gives undefined. */
export function unfoldLists({ lists, value }: Folded): unknown {
  const unfold = (each: unknown): unknown => {
    if (typeof each !== 'object' || each === null) return each;
    if (Array.isArray(each)) return each.map(unfold);
    if ('$list' in each) return lists[Number(each.$list)];
    return Object.fromEntries(Object.entries(each).map(([key, item]) => [key, unfold(item)]));
  };
  return unfold(value);
}

function isWordList(value: object): value is readonly string[] {
  return Array.isArray(value) && value.length >= SHORTEST && value.every((item) => typeof item === 'string');
}
