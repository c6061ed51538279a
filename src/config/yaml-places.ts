import { COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE } from 'js-yaml';
import type { Path } from './finding.ts';

/** What stands at one place of a file: where it begins, and what is below it. */
interface Place {
  /** Offset in the text; null when nothing is written there. */
  readonly start: number | null;
  /** A list or map that is written with one entry per line, not in brackets. */
  readonly isBlock: boolean;
  /** What an alias stands for. */
  readonly target: Place | null;
  readonly items: readonly Place[];
  /** The last one of a name wins; merged maps are listed apart. */
  readonly pairs: ReadonlyMap<string, Pair>;
  readonly merges: readonly Place[];
}

interface Pair {
  readonly key: Place;
  readonly value: Place;
}

const NOTHING = { isBlock: false, target: null, items: [], pairs: new Map<string, Pair>(), merges: [] };

/** Where everything stands in a text that the fast reader takes. */
export function readPlaces(text: string, deepest: number): Place {
  return new PlaceReader(text, deepest).read();
}

/**
 * Offset of the key or the value at `path`, or of the nearest thing above it: the same as findOffset finds, several times
 * faster; null for an entry of a list with nothing in it, whose place is not known here.
 */
export function findPlace(root: Place, path: Path, at: 'key' | 'value'): number | null {
  let place = root;
  let offset = root.start ?? 0;
  for (const [index, step] of path.entries()) {
    const isLast = index === path.length - 1;
    const container = place.target ?? place;
    if (typeof step === 'number' && container.pairs.size === 0) {
      const item = container.items[step];
      if (!item) return offset;
      if (item.start === null) return null;
      place = item;
      offset = item.start;
      continue;
    }
    const pair = findPair(container, String(step));
    if (!pair) return offset;
    const key = pair.key.start ?? offset;
    place = pair.value;
    const showsKey = (isLast && at === 'key') || place.start === null || (!isLast && place.isBlock);
    offset = showsKey ? key : (place.start ?? key);
  }
  return offset;
}

function findPair({ merges, pairs }: Place, key: string): Pair | null {
  const own = pairs.get(key);
  if (own) return own;
  for (const merge of merges) {
    const source = merge.target ?? merge;
    for (const map of source.items.length > 0 ? source.items : [source]) {
      const pair = findPair(map.target ?? map, key);
      if (pair) return pair;
    }
  }
  return null;
}

/** Builds places from the parser's events, each of which is met once. */
class PlaceReader {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #anchors = new Map<string, Place>();
  #next = 0;
  /** Where the last thing ended; what comes next begins behind it. */
  #end = 0;

  constructor(text: string, deepest: number) {
    this.#text = text;
    this.#events = parseEvents(text, { maxDepth: deepest });
  }

  read(): Place {
    this.#next = 1;
    return this.#readPlace();
  }

  #readPlace(): Place {
    const event = this.#events[this.#next++];
    if (!event) return { ...NOTHING, start: null };
    if (event.type === EVENT_ID.ALIAS) {
      this.#end = event.anchorEnd;
      const name = this.#text.slice(event.anchorStart, event.anchorEnd);
      return { ...NOTHING, start: event.anchorStart - 1, target: this.#anchors.get(name) ?? null };
    }
    const place = this.#readContent(event);
    if ('anchorStart' in event && event.anchorStart >= 0)
      this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), place);
    return place;
  }

  #readContent(event: Event): Place {
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return { ...NOTHING, start: this.#startOf(event) };
      case EVENT_ID.SEQUENCE: {
        const items: Place[] = [];
        while (!this.#closes()) items.push(this.#readPlace());
        return { ...NOTHING, start: event.start, isBlock: event.style === COLLECTION_STYLE.BLOCK, items };
      }
      case EVENT_ID.MAPPING:
        return this.#readMap(event.start, event.style === COLLECTION_STYLE.BLOCK);
      default:
        return { ...NOTHING, start: null };
    }
  }

  #readMap(start: number, isBlock: boolean): Place {
    const pairs = new Map<string, Pair>();
    const merges: Place[] = [];
    while (!this.#closes()) {
      const event = this.#events[this.#next];
      const name = event?.type === EVENT_ID.SCALAR ? getScalarValue(this.#text, event) : '';
      const key = this.#readPlace();
      const value = this.#readPlace();
      if (name === '<<') merges.push(value);
      pairs.set(name, { key, value });
    }
    // The anchor of its first key is not where a map begins.
    const [first] = pairs.values();
    const begin = isBlock && this.#text[start] === '&' ? (first?.key.start ?? start) : start;
    return { start: begin, isBlock, target: null, items: [], pairs, merges };
  }

  #closes(): boolean {
    const event = this.#events[this.#next];
    if (event !== undefined && event.type !== EVENT_ID.POP) return false;
    this.#next++;
    return true;
  }

  /** Quotes and the sign of a block belong to a scalar, which the parser's ranges leave out. */
  #startOf({
    style,
    valueEnd,
    valueStart,
  }: Extract<Event, { readonly type: typeof EVENT_ID.SCALAR }>): number | null {
    if (valueStart < 0) return null;
    const before = this.#end;
    this.#end = valueEnd;
    if (style === SCALAR_STYLE.PLAIN) return valueStart;
    if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return valueStart - 1;
    const sign = this.#text.slice(before, valueStart).search(/[|>]/);
    return sign < 0 ? valueStart : before + sign;
  }
}
