import type { NodeKey } from '../domain/cluster.ts';
import { type SharedFile, startSharedFile } from './shared-file.ts';
import { ALIVE_MS, isNode, type Outside, type Taker } from './taker.ts';

/** Where a node is to take a file from: the operator's machine, a URL, another node, or nowhere yet. */
export type Choice =
  | { readonly from: Outside }
  | { readonly from: 'node'; readonly key: NodeKey; readonly isWhole: boolean }
  | { readonly from: 'nobody' };

export interface SourceLimits {
  /** How many nodes one node serves at once; 0: none ever serves. */
  readonly fanOut: number;
  /** How many nodes the operator's machine sends to at once where nodes cannot do it. */
  readonly operatorSlots: number;
  /** How many nodes fetch from the URL at once; none unless given. */
  readonly urlSlots?: number;
}

/** A node that may be asked, and what speaks for it. */
interface Giver {
  readonly key: NodeKey;
  /** It has all that the asking node has, or more. */
  readonly isAhead: boolean;
  /** How many nodes the bytes pass before they come to it. */
  readonly depth: number;
}

/** So long a node may give nothing, or say nothing, before those behind it look elsewhere. */
const STALL_MS = 10_000;
/** Who is within so much of its source lacks nothing but what the source lacks. */
const CLOSE_BYTES = 8_000_000;
/** Another source is worth a change when it is so much further on. */
const WORTH_BYTES = 64_000_000;
const MOST_MOVES = 2;
/** After so many failures without a success a node counts as one that reaches nobody, or that lets nobody in. */
const ISOLATED_AFTER = 2;
/** After so many failures and not one success in the whole run nobody tries any more. */
const HOPELESS_AFTER = 4;

/**
 * Who gives which file to whom. Every node that takes a file can pass it on as it comes in, so the nodes of one file make
 * a tree whose root we feed; whoever loses its source looks for another and goes on where it is. No I/O and no clock:
 * times are milliseconds of any clock that only goes forward.
 */
export class Sources {
  readonly #limits: SourceLimits;
  readonly #files = new Map<string, SharedFile>();
  /** Nodes that cannot listen, or let nobody in. */
  readonly #mute = new Set<NodeKey>();
  /** Nodes from which all are to go away. */
  readonly #retired = new Set<NodeKey>();
  /** Givers that a node does not ask again. */
  readonly #refused = new Map<NodeKey, Set<NodeKey>>();
  /** With whom a node, as giver or as taker, never got a connection; and those who ever got one. */
  readonly #unmet = new Map<NodeKey, Set<NodeKey>>();
  readonly #met = new Set<NodeKey>();
  /** How many each source serves now. */
  readonly #served = new Map<NodeKey | Outside, number>();

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  /** The node wants the file, has so many bytes of its `sizeBytes`, and could pass on what it has. */
  join(file: string, key: NodeKey, bytes: number, now: number, sizeBytes = 0): void {
    this.drop(file, key);
    const times = { startedAt: now, grownAt: now, heardAt: now };
    const shared = this.#file(file);
    shared.takers.set(key, { bytes, source: null, startBytes: bytes, ...times, moves: 0 });
    shared.sizeBytes = Math.max(shared.sizeBytes, sizeBytes);
  }

  /** The node has all of the file, and it is the right one. */
  hold(file: string, key: NodeKey): void {
    this.drop(file, key);
    this.#file(file).holders.add(key);
  }

  /** True when the node is known to have all of the file. */
  holds(file: string, key: NodeKey): boolean {
    return this.#file(file).holders.has(key);
  }

  /** The node does not take the file any more, and what it has of it is worth nothing to others. */
  drop(file: string, key: NodeKey): void {
    const { takers, holders } = this.#file(file);
    const taker = takers.get(key);
    if (taker !== undefined) this.#take(taker, null);
    takers.delete(key);
    holders.delete(key);
  }

  /** The node says how many bytes it has. */
  report(file: string, key: NodeKey, bytes: number, now: number): void {
    const taker = this.#file(file).takers.get(key);
    if (taker === undefined) return;
    if (bytes > taker.bytes) taker.grownAt = now;
    taker.bytes = bytes;
    taker.heardAt = now;
    if (isNode(taker.source) && bytes > taker.startBytes) this.#met.add(taker.source).add(key);
  }

  /** The node cannot listen; nobody is sent to it again. */
  silence(key: NodeKey): void {
    this.#mute.add(key);
  }

  /** The node is of no use as a source: nobody is sent to it again, and those who take from it leave it. */
  retire(key: NodeKey): void {
    this.silence(key);
    this.#retired.add(key);
  }

  /** The node's source came to its end before the file was whole. One that gave nothing is not asked again. */
  lose(
    file: string,
    key: NodeKey,
    end: { readonly bytes: number; readonly met: boolean },
    now: number,
  ): void {
    const taker = this.#file(file).takers.get(key);
    if (taker === undefined) return;
    const { source, startBytes } = taker;
    this.#take(taker, null);
    taker.bytes = end.bytes;
    taker.grownAt = now;
    taker.heardAt = now;
    if (!isNode(source)) return;
    if (end.bytes > startBytes) this.#met.add(source).add(key);
    else add(this.#refused, key, source);
    if (end.met) return;
    add(this.#unmet, source, key);
    add(this.#unmet, key, source);
    if (this.#isIsolated(source)) this.silence(source);
  }

  /**
   * Chooses where the node takes the file from now on, and counts on it. From `outside`: the operator when no node has any
   * of it, the URL whenever it has room, and nowhere when that is null.
   */
  choose(file: string, key: NodeKey, now: number, outside: Outside | null = 'operator'): Choice {
    const { takers, holders, trials } = this.#file(file);
    const taker = takers.get(key);
    if (taker === undefined) throw new Error(`${key} has not joined`);
    taker.startBytes = taker.bytes;
    taker.startedAt = now;
    taker.grownAt = now;
    if (outside === 'operator' && this.#hasRoom(outside) && trials.begin(key, takers, now)) {
      this.#take(taker, outside);
      return { from: outside };
    }
    const givers = this.#reachesNobody(key) ? [] : this.#givers(file, key, taker, now);
    const best = givers.filter((giver) => this.#hasRoom(giver.key)).sort((a, b) => this.#compare(a, b))[0];
    const mayFeed = outside !== null && this.#hasRoom(outside);
    const isFetched = outside === 'url' && mayFeed;
    if (best === undefined && !isFetched && (givers.length > 0 || !mayFeed)) return { from: 'nobody' };
    const source = isFetched ? 'url' : (best?.key ?? 'operator');
    this.#take(taker, source);
    if (isFetched || best === undefined) return { from: isFetched ? 'url' : 'operator' };
    return { from: 'node', key: best.key, isWhole: holders.has(best.key) };
  }

  /**
   * Nodes that should leave what they take the file from: a node that is gone, gives nothing or wrong bytes, or is far
   * behind others, to which they will not be sent again; or our own feed, for one that makes more of it.
   */
  restless(file: string, now: number): readonly NodeKey[] {
    const { takers, holders } = this.#file(file);
    const leaving = [...this.#judgeRoot(file, now)];
    let most = holders.size > 0 ? Number.POSITIVE_INFINITY : 0;
    if (holders.size === 0) for (const { bytes } of takers.values()) most = Math.max(most, bytes);
    for (const [key, taker] of takers) {
      const { source } = taker;
      if (!isNode(source) || leaving.includes(key)) continue;
      const isBehind = most - taker.bytes > WORTH_BYTES && this.#isHeldBack(file, key, taker, now);
      if (isBehind) taker.moves += 1;
      const isUseless = this.#retired.has(source) || this.#isDead(file, taker, source, now);
      if (!isBehind && !isUseless) continue;
      add(this.#refused, key, source);
      leaving.push(key);
    }
    return leaving;
  }

  #judgeRoot(file: string, now: number): readonly NodeKey[] {
    const { takers, trials, sizeBytes } = this.#file(file);
    const mayServe = (key: NodeKey) => !this.#mute.has(key);
    const hasRoom = this.#limits.fanOut > 0 && this.#hasRoom('operator');
    const { leaving, slow } = trials.look({ takers, sizeBytes, mayServe, hasRoom }, now);
    if (slow !== null) this.retire(slow);
    return leaving;
  }

  /** True when the source is gone, or has what the taker lacks and does not give it, or has fallen silent. */
  #isDead(file: string, taker: Taker, source: NodeKey, now: number): boolean {
    const { takers, holders } = this.#file(file);
    const giver = takers.get(source);
    if (giver === undefined && !holders.has(source)) return true;
    if (now - taker.heardAt > ALIVE_MS || now - taker.grownAt < STALL_MS) return false;
    return giver === undefined || giver.bytes > taker.bytes || now - giver.heardAt >= STALL_MS;
  }

  /** True when the taker has all that its source has, and another one that it may ask has far more. */
  #isHeldBack(file: string, key: NodeKey, taker: Taker, now: number): boolean {
    const { takers, holders } = this.#file(file);
    const giver = isNode(taker.source) ? takers.get(taker.source) : undefined;
    if (giver === undefined || taker.moves >= MOST_MOVES) return false;
    if (giver.bytes - taker.bytes > CLOSE_BYTES || now - taker.heardAt > ALIVE_MS) return false;
    return this.#givers(file, key, taker, now).some(
      (other) =>
        this.#hasRoom(other.key) &&
        (holders.has(other.key) || (takers.get(other.key)?.bytes ?? 0) - taker.bytes > WORTH_BYTES),
    );
  }

  /** Nodes with a part of the file that comes from somewhere else than the asking node itself. */
  #givers(file: string, key: NodeKey, taker: Taker, now: number): readonly Giver[] {
    if (this.#limits.fanOut === 0) return [];
    const { takers, holders } = this.#file(file);
    const refused = this.#refused.get(key);
    const mayAsk = (other: NodeKey) =>
      other !== key && !this.#mute.has(other) && refused?.has(other) !== true;
    const givers: Giver[] = [];
    for (const other of holders) if (mayAsk(other)) givers.push({ key: other, isAhead: true, depth: 0 });
    for (const [other, { bytes, heardAt }] of takers) {
      if (!mayAsk(other) || now - heardAt >= STALL_MS) continue;
      const depth = this.#depth(file, other, key);
      if (depth !== null) givers.push({ key: other, isAhead: bytes >= taker.bytes, depth });
    }
    return givers;
  }

  /** How many nodes the bytes pass on their way to `key`; null when they come from nowhere, or by way of `not`. */
  #depth(file: string, key: NodeKey, not: NodeKey): number | null {
    const { takers, holders } = this.#file(file);
    let at: NodeKey = key;
    for (let depth = 0; depth <= takers.size; depth += 1) {
      if (at === not) return null;
      if (holders.has(at)) return depth;
      const source = takers.get(at)?.source ?? null;
      if (source === 'operator' || source === 'url') return depth;
      if (source === null) return null;
      at = source;
    }
    return null;
  }

  #compare(a: Giver, b: Giver): number {
    const load = (giver: Giver) => this.#served.get(giver.key) ?? 0;
    return Number(b.isAhead) - Number(a.isAhead) || a.depth - b.depth || load(a) - load(b);
  }

  #hasRoom(source: NodeKey | Outside): boolean {
    const { operatorSlots, urlSlots = 0, fanOut } = this.#limits;
    const limit = source === 'operator' ? operatorSlots : source === 'url' ? urlSlots : fanOut;
    return (this.#served.get(source) ?? 0) < limit;
  }

  #isIsolated(key: NodeKey): boolean {
    return (this.#unmet.get(key)?.size ?? 0) >= ISOLATED_AFTER && !this.#met.has(key);
  }

  #reachesNobody(key: NodeKey): boolean {
    if (this.#isIsolated(key)) return true;
    if (this.#met.size > 0) return false;
    let failures = 0;
    for (const others of this.#unmet.values()) failures += others.size;
    // Each failure stands at both its ends.
    return failures / 2 >= HOPELESS_AFTER;
  }

  #take(taker: Taker, source: Taker['source']): void {
    if (taker.source !== null) this.#served.set(taker.source, (this.#served.get(taker.source) ?? 1) - 1);
    if (source !== null) this.#served.set(source, (this.#served.get(source) ?? 0) + 1);
    taker.source = source;
  }

  #file(file: string): SharedFile {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const made = startSharedFile();
    this.#files.set(file, made);
    return made;
  }
}

function add(sets: Map<NodeKey, Set<NodeKey>>, key: NodeKey, value: NodeKey): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(value));
}
