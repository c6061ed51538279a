/** Lets at most `limit` holders in at a time; the others wait in the order in which they came. */
export interface Semaphore {
  /** Resolves with the function that gives the place back; calling that twice does no harm. Rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<() => void>;
  /** Runs `work` in a place of its own and gives the place back however `work` ends. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** How many places are taken. */
  readonly taken: number;
}

/** Makes a semaphore with `limit` places (at least one). */
export function createSemaphore(limit: number): Semaphore {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`a semaphore needs a place, got ${limit}`);
  return new Places(limit);
}

class Places implements Semaphore {
  taken = 0;
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  acquire(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.taken < this.#limit) {
      this.taken += 1;
      return Promise.resolve(this.#leaveOnce());
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal?.reason);
      };
      const enter = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve(this.#leaveOnce());
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(enter);
    });
  }

  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.acquire(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #leaveOnce(): () => void {
    let isGone = false;
    return () => {
      if (isGone) return;
      isGone = true;
      const enter = this.#waiting.shift();
      if (enter === undefined) this.taken -= 1;
      else enter(); // the place goes straight to the next in line, so nobody can slip in between
    };
  }
}
