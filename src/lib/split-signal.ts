/** Signals that all abort with one. */
export interface SplitSignal {
  /** A signal of its own for one of many listeners. */
  branch(): AbortSignal;
  /** Lets go of the one; the branches abort no more. */
  close(): void;
}

/**
 * Splits a signal for hundreds who listen for as long as a run lasts: Node goes through all listeners of a signal whenever
 * one comes or goes, so with each of a thousand hosts on the same signal the last ones pay a thousand times.
 */
export function splitSignal(signal: AbortSignal): SplitSignal {
  const branches: AbortController[] = [];
  const abort = () => {
    for (const branch of branches) branch.abort(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  return {
    branch: () => {
      const branch = new AbortController();
      branches.push(branch);
      if (signal.aborted) abort();
      return branch.signal;
    },
    close: () => {
      signal.removeEventListener('abort', abort);
      branches.length = 0;
    },
  };
}
