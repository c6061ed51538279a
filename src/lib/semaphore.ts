/** Lets at most `limit` holders in at a time; the others wait in the order in which they came. */
export interface Semaphore {
  /** Resolves with the function that gives the place back; calling that twice does no harm. Rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<() => void>;
  /** Runs `work` in a place of its own and gives the place back however `work` ends. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** How many places are taken. */
  readonly taken: number;
}

interface Waiter {
  readonly enter: () => void;
}

/** Makes a semaphore with `limit` places (at least one). */
export function createSemaphore(limit: number): Semaphore {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`a semaphore needs a place, got ${limit}`);
  const waiting: Waiter[] = [];
  let taken = 0;

  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next.enter(); // the place goes straight to the next in line, so nobody can slip in between
  };

  const releaseOnce = (): (() => void) => {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      release();
    };
  };

  const acquire = (signal?: AbortSignal): Promise<() => void> => {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (taken < limit) {
      taken += 1;
      return Promise.resolve(releaseOnce());
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        enter: () => {
          signal?.removeEventListener('abort', leave);
          resolve(releaseOnce());
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      waiting.push(waiter);
    });
  };

  return {
    acquire,
    run: async (work, signal) => {
      const leave = await acquire(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
    get taken() {
      return taken;
    },
  };
}
