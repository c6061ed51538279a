import { CancelledError } from '../../domain/errors.ts';
import type { Failure } from '../../domain/event.ts';
import { describeFailure } from '../../engine/failure-of.ts';
import { createSemaphore } from '../../lib/semaphore.ts';
import type { ConnectedHost, ConnectHost } from '../workspace.ts';
import type { SelectedNode } from './select-nodes.ts';

/** What became of one node's work. */
export interface NodeOutcome<T> extends SelectedNode {
  /** null when it failed. */
  readonly value: T | null;
  readonly failure: Failure | null;
  readonly cancelled: boolean;
  readonly durationMs: number;
}

export interface OnNodesOptions {
  readonly connect: ConnectHost;
  /** Nodes at once. */
  readonly window: number;
  readonly signal: AbortSignal;
  /** Called as soon as a node has failed. */
  readonly onFailure?: (label: string, failure: Failure) => void;
}

/**
 * Connects to each node and works there, at most `window` at a time. Never rejects: a node that cannot be reached, or
 * whose work failed, does not stop the others. The outcomes are in the order of the nodes.
 */
export function onNodes<T>(
  nodes: readonly SelectedNode[],
  options: OnNodesOptions,
  work: (connected: ConnectedHost, selected: SelectedNode) => Promise<T>,
): Promise<readonly NodeOutcome<T>[]> {
  const semaphore = createSemaphore(options.window);
  const { signal } = options;
  return Promise.all(
    nodes.map((selected) =>
      semaphore.run(async (): Promise<NodeOutcome<T>> => {
        const started = Date.now();
        const end = () => ({ ...selected, durationMs: Date.now() - started });
        try {
          if (signal.aborted) throw new CancelledError('Stopped before it began.');
          const connected = await options.connect(selected.node, signal);
          try {
            return { ...end(), value: await work(connected, selected), failure: null, cancelled: false };
          } finally {
            await connected.transport.close();
          }
        } catch (error) {
          const failure = describeFailure(error);
          const cancelled = error instanceof CancelledError || signal.aborted;
          if (!cancelled) options.onFailure?.(selected.label, failure);
          return { ...end(), value: null, failure, cancelled };
        }
      }),
    ),
  );
}
