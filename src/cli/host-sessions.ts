import type { ClusterNode, NodeKey } from '../domain/cluster.ts';
import {
  CancelledError,
  ConnectError,
  ConnectionLostError,
  LockedError,
  Rke2ctlError,
} from '../domain/errors.ts';
import type { RunEvent } from '../domain/event.ts';
import { nodeName } from '../domain/node-identity.ts';
import type { ApiNode, HostFacts, HostObservation, Observed } from '../domain/observed.ts';
import { describeFailure } from '../engine/failure-of.ts';
import type { Host } from '../host/host.ts';
import { retry } from '../lib/retry.ts';
import { createSemaphore, type Semaphore } from '../lib/semaphore.ts';
import { type SplitSignal, splitSignal } from '../lib/split-signal.ts';
import { listNodes } from '../plan/list-nodes.ts';

/** Connects to a node and looks at it; with the lock at its far end when the run may change things. */
export type OpenHost = (node: ClusterNode, signal: AbortSignal) => Promise<OpenedHost>;

export interface OpenedHost {
  readonly host: Host;
  readonly facts: HostFacts;
  /** All of the API's Node objects, by its own API server; rejects where that does not list them. */
  readonly askForNodes: () => Promise<readonly ApiNode[]>;
  /** `aborted` once the lock at its far end is ours no longer; never where none was taken. */
  readonly lost: Pick<AbortSignal, 'aborted'>;
  readonly close: () => Promise<void>;
}

/** As long as an sshd or a switch may take to come back; a machine that boots takes longer, and the next run sees to it. */
const REOPEN_PATIENCE_MS = 20_000;
const REOPEN_PAUSES = { attempts: 20, delayMs: 250, maxDelayMs: 2_000 };

/** One connection per host for the whole run, each with the lock held at its far end when the run may change things. */
export class HostSessions {
  readonly #open: OpenHost;
  readonly #emit: (event: RunEvent) => void;
  readonly #nodes: Map<NodeKey, ClusterNode>;
  /** Those beside the file's. */
  readonly #added = new Set<NodeKey>();
  readonly #opened = new Map<NodeKey, OpenedHost>();
  readonly #reopening = new Map<NodeKey, Promise<boolean>>();
  readonly #splits: SplitSignal[] = [];

  constructor(nodes: readonly ClusterNode[], open: OpenHost, emit: (event: RunEvent) => void) {
    this.#nodes = new Map(nodes.map((node) => [node.key, node]));
    this.#open = open;
    this.#emit = emit;
  }

  /** Nodes beside those of the file: members that it no longer names. */
  add(nodes: readonly ClusterNode[]): void {
    for (const node of nodes) {
      this.#nodes.set(node.key, node);
      this.#added.add(node.key);
    }
  }

  /**
   * Connects to every host and takes its facts, `window` at a time. Hosts that cannot be reached are part of the answer;
   * only another holder of the lock, or the person at the terminal, ends it. Those beside the file's come last: one of
   * them may be a machine of the file at its old address, and then its lock is ours.
   */
  async observe(window: number, signal: AbortSignal): Promise<Observed> {
    const stop = splitSignal(signal);
    this.#splits.push(stop);
    const all = [...this.#nodes.values()];
    const isAdded = ({ key }: ClusterNode) => this.#added.has(key);
    const named = await this.#observeAll(
      all.filter((node) => !isAdded(node)),
      window,
      stop,
    );
    const others = await this.#observeAll(all.filter(isAdded), window, stop);
    return this.#completeNodes({ hosts: { ...named, ...others } }, stop.branch());
  }

  /**
   * One server is asked for all Nodes while hosts are looked at. Where that one tells nothing (it is new, down, or gone)
   * another whose API server answers is asked once more.
   */
  async #completeNodes(observed: Observed, signal: AbortSignal): Promise<Observed> {
    if (listNodes(observed) !== null) return observed;
    for (const [key, host] of Object.entries(observed.hosts)) {
      const opened = this.#opened.get(key);
      if (opened === undefined || !host.reachable || !host.facts.rke2.apiAnswers) continue;
      const nodes = await opened.askForNodes().catch((error: unknown) => {
        if (signal.aborted || !(error instanceof Rke2ctlError)) throw error;
        return null;
      });
      if (nodes === null) continue;
      const facts = { ...host.facts, rke2: { ...host.facts.rke2, nodes } };
      return { hosts: { ...observed.hosts, [key]: { reachable: true, facts } } };
    }
    return observed;
  }

  async #observeAll(
    nodes: readonly ClusterNode[],
    window: number,
    stop: SplitSignal,
  ): Promise<Observed['hosts']> {
    const turns = { own: createSemaphore(window), slow: createSemaphore(MOST_SLOW) };
    let ahead = nodes.length;
    const entries = nodes.map((node) =>
      takeTurn(turns, async (): Promise<[NodeKey, HostObservation]> => {
        ahead -= 1;
        return [node.key, await this.#observeOne(node, ahead, stop.branch())];
      }),
    );
    const settled = await Promise.allSettled(entries);
    const refused = settled.find((entry) => entry.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
    return Object.fromEntries(
      settled.flatMap((entry) => (entry.status === 'fulfilled' ? [entry.value] : [])),
    );
  }

  /** A connected host whose lock is ours; else ConnectError, or ConnectionLostError where `recover` may mend it. */
  get(key: NodeKey): Host {
    const opened = this.#opened.get(key);
    if (opened?.lost.aborted) throw lockLost(key);
    if (opened !== undefined) return opened.host;
    throw new ConnectError({
      code: 'not-connected',
      message: `There is no connection to ${key}.`,
      hint: 'Run the command again when the host answers.',
    });
  }

  /** Connects anew to a host whose connection fell; true when it answers and its lock is ours again. */
  recover(key: NodeKey, signal: AbortSignal): Promise<boolean> {
    const pending = this.#reopening.get(key);
    if (pending !== undefined) return pending;
    const attempt = this.#reopen(key, signal).finally(() => this.#reopening.delete(key));
    this.#reopening.set(key, attempt);
    return attempt;
  }

  /** Gives every lock back and closes every connection; never throws. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#opened.values()].map((opened) => opened.close()));
    this.#opened.clear();
    for (const split of this.#splits) split.close();
  }

  async #observeOne(node: ClusterNode, ahead: number, signal: AbortSignal): Promise<HostObservation> {
    const started = Date.now();
    this.#emit({ type: 'host-connecting', key: node.key, ahead });
    try {
      const opened = await this.#open(node, signal);
      this.#opened.set(node.key, opened);
      const { facts } = opened;
      this.#emit({
        type: 'host-probed',
        key: node.key,
        name: nodeName(node, facts),
        durationMs: Date.now() - started,
      });
      return { reachable: true, facts };
    } catch (error) {
      if (error instanceof LockedError || error instanceof CancelledError || signal.aborted) throw error;
      if (!(error instanceof Rke2ctlError)) throw error;
      const failure = describeFailure(error);
      // At its old address it has answered as well, and that is nothing to be told.
      if (error.code === 'same-machine' && this.#added.has(node.key))
        this.#emit({
          type: 'host-probed',
          key: node.key,
          name: node.name ?? '',
          durationMs: Date.now() - started,
        });
      else this.#emit({ type: 'host-unreachable', key: node.key, failure });
      return { reachable: false, error: failure };
    }
  }

  async #reopen(key: NodeKey, signal: AbortSignal): Promise<boolean> {
    const node = this.#nodes.get(key);
    if (node === undefined) return false;
    // What is gone already need not go well.
    await this.#opened
      .get(key)
      ?.close()
      .catch(() => undefined);
    this.#opened.delete(key);
    const giveUpAt = Date.now() + REOPEN_PATIENCE_MS;
    try {
      const opened = await retry(() => this.#open(node, signal), {
        ...REOPEN_PAUSES,
        signal,
        shouldRetry: (error) => mayComeBack(error) && Date.now() < giveUpAt,
      });
      this.#opened.set(key, opened);
      return true;
    } catch {
      return false;
    }
  }
}

/** Who has not answered by then is slow, or dead: it is waited for on, but keeps nobody else from their turn. */
const TURN_MS = 1_000;

/**
 * How many may be waited for beside those whose turn it is. When it is this machine that is slow they all are, and with all
 * of them in hand at once nobody would be through before their time to connect is over.
 */
const MOST_SLOW = 150;

interface Turns {
  readonly own: Semaphore;
  readonly slow: Semaphore;
}

/** Works in a turn of its own, which ends with the work, or after a while if there is room among the slow ones. */
async function takeTurn<T>({ own, slow }: Turns, work: () => Promise<T>): Promise<T> {
  const leaves = [await own.acquire()];
  // Only for the few that are slow: a thousand of them cost something.
  const lateness: { ended?: AbortController } = {};
  const timer = setTimeout(() => {
    const ended = new AbortController();
    const { signal } = ended;
    lateness.ended = ended;
    slow.acquire(signal).then(
      (leave) => {
        for (const each of leaves) each();
        if (signal.aborted) leave();
        else leaves.push(leave);
      },
      () => undefined,
    );
  }, TURN_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    lateness.ended?.abort();
    for (const leave of leaves) leave();
  }
}

function lockLost(key: NodeKey): ConnectionLostError {
  return new ConnectionLostError({
    code: 'lock-lost',
    message: `The lock on ${key} was lost: its connection fell, or somebody ended the process that held it there.`,
    hint: 'See that nobody else works on this cluster, then run the same command again.',
  });
}

/** Not there yet, or our own lock has not fallen yet. Whoever refuses us will go on refusing. */
function mayComeBack(error: unknown): boolean {
  return error instanceof LockedError || (error instanceof Rke2ctlError && error.retryable);
}
