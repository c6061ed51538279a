import type { NodeKey } from '../domain/cluster.ts';
import { ALIVE_MS, isNode, type Taker } from './taker.ts';

/** The nodes that take one file, and what a trial has to know of them. */
export interface TrialView {
  readonly takers: ReadonlyMap<NodeKey, Taker>;
  readonly sizeBytes: number;
  /** The node can pass on what it gets. */
  readonly mayServe: (key: NodeKey) => boolean;
  /** One more may be fed from here. */
  readonly hasRoom: boolean;
}

/** What a look at the trials asks for. */
export interface Verdict {
  /** Should ask for their source again. */
  readonly leaving: readonly NodeKey[];
  /** Is to give nothing any more, as its own link holds up all behind it. */
  readonly slow: NodeKey | null;
}

interface Trial {
  readonly root: NodeKey;
  readonly candidate: NodeKey;
  /** Bytes a millisecond that the root got before. */
  readonly rate: number;
  readonly askedAt: number;
  /** What both had when the candidate was first fed from here. */
  begun: { readonly at: number; readonly rootBytes: number; readonly bytes: number } | null;
}

/** Before that nothing is known of a link. */
const LEARN_MS = 10_000;
/** Only so much time still to go is worth a trial, whose bytes leave here twice. */
const WORTH_MS = 40_000;
const TRIAL_MS = 4_000;
/** A candidate that has not come by then will not. */
const COME_MS = 15_000;
const PAUSE_MS = 20_000;
const MOST_TRIALS = 3;
/** Less than that a busy line may look like by itself. */
const FAR_FASTER = 2;
/** Two that get so much more than one did have not reached what our line can give. */
const MORE_TOGETHER = 1.5;
const NOTHING: Verdict = { leaving: [], slow: null };

/**
 * Whether the node that we feed has a bad link, which holds up all that take from it. That those behind it wait says
 * nothing: they do so as well when our own line is the limit. So one of them is fed from here for a few seconds, beside it:
 * only where our line has more to give does that one get far more than the first ever did, and takes its place. A
 * trial costs about two seconds of the line; there are a few for a file at most, and only where much is still to come.
 */
export class RootTrials {
  readonly #tried = new Set<NodeKey>();
  #trial: Trial | null = null;
  /** Both together got no more than one before: our own line is the limit. */
  #isLimit = false;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** The node asks for a source: true when it is to be fed from here, to see how fast that goes. */
  begin(key: NodeKey, takers: ReadonlyMap<NodeKey, Taker>, now: number): boolean {
    const trial = this.#trial;
    const [root, taker] = [takers.get(trial?.root ?? ''), takers.get(key)];
    if (trial?.candidate !== key || root === undefined || taker === undefined) return false;
    trial.begun = { at: now, rootBytes: root.bytes, bytes: taker.bytes };
    return true;
  }

  /** To be called once a second. */
  look(view: TrialView, now: number): Verdict {
    if (this.#trial === null) return this.#start(view, now);
    const { root, candidate, rate, begun, askedAt } = this.#trial;
    const [fed, other] = [view.takers.get(root), view.takers.get(candidate)];
    const isOver =
      fed?.source !== 'operator' || other === undefined || (begun !== null && other.source !== 'operator');
    if (isOver || (begun === null && now - askedAt > COME_MS)) return this.#end(now, NOTHING);
    if (begun === null || now - begun.at < TRIAL_MS) return NOTHING;
    const passed = now - begun.at;
    const reached = (other.bytes - begun.bytes) / passed;
    const kept = (fed.bytes - begun.rootBytes) / passed;
    if (reached > FAR_FASTER * Math.max(rate, kept)) return this.#end(now, { leaving: [root], slow: root });
    this.#isLimit = reached + kept < MORE_TOGETHER * rate;
    return this.#end(now, { leaving: [candidate], slow: null });
  }

  #start(view: TrialView, now: number): Verdict {
    const { takers, sizeBytes, hasRoom } = view;
    const roots = [...takers].filter(([, { source }]) => source === 'operator');
    const [root, taker] = roots[0] ?? [];
    if (root === undefined || taker === undefined || roots.length > 1 || !hasRoom) return NOTHING;
    if (this.#isLimit || this.#tried.size >= MOST_TRIALS || now - this.#endedAt < PAUSE_MS) return NOTHING;
    const passed = now - taker.startedAt;
    if (passed < LEARN_MS) return NOTHING;
    const rate = (taker.bytes - taker.startBytes) / passed;
    if (sizeBytes - taker.bytes <= WORTH_MS * rate) return NOTHING;
    const candidate = this.#candidate(view, now);
    if (candidate === undefined) return NOTHING;
    this.#trial = { root, candidate, rate, askedAt: now, begun: null };
    this.#tried.add(candidate);
    return { leaving: [candidate], slow: null };
  }

  /** The one that has most: what the root has besides would have to leave here again. */
  #candidate({ takers, mayServe }: TrialView, now: number): NodeKey | undefined {
    let [best, most] = [undefined as NodeKey | undefined, -1];
    for (const [key, { source, bytes, heardAt }] of takers) {
      if (!isNode(source) || this.#tried.has(key) || !mayServe(key) || now - heardAt > ALIVE_MS) continue;
      if (bytes > most) [best, most] = [key, bytes];
    }
    return best;
  }

  #end(now: number, verdict: Verdict): Verdict {
    this.#trial = null;
    this.#endedAt = now;
    return verdict;
  }
}
