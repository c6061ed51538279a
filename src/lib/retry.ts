import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** How often `work` is tried in all, the first time included. */
  readonly attempts: number;
  /** The first pause; every further one is twice as long, up to `maxDelayMs`. */
  readonly delayMs: number;
  readonly maxDelayMs?: number;
  /** False ends the tries at once. Without it every error is tried again. */
  readonly shouldRetry?: (error: unknown, attempt: number) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** 0 ≤ x < 1; spreads the pauses so that many who failed together do not come back together. */
  readonly random?: () => number;
}

/** Tries `work` until it succeeds; rejects with its last error, or with the signal's reason when stopped. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= options.attempts) throw error;
      if (options.shouldRetry !== undefined && !options.shouldRetry(error, attempt)) throw error;
    }
    await pause(pauseBefore(attempt, options), options.signal);
  }
}

/** Between half of the doubled delay and the whole of it. */
function pauseBefore(attempt: number, options: RetryOptions): number {
  const full = Math.min(options.delayMs * 2 ** (attempt - 1), options.maxDelayMs ?? Number.POSITIVE_INFINITY);
  return full / 2 + (full / 2) * (options.random ?? Math.random)();
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}
