/** A queue of at most one. */
export interface Coalesced<T> {
  /** Settles as the `act` that took this value, or a later one in its place. */
  push(value: T): Promise<void>;
  /** Resolved when nothing is under way, however the last one ended. */
  idle(): Promise<void>;
}

/** Runs `act` for one value at a time; of the values that come meanwhile only the last one is run, for all of them. */
export function coalesce<T>(act: (value: T) => Promise<void>): Coalesced<T> {
  let current: Promise<void> = Promise.resolve();
  let waiting: { value: T; readonly done: Promise<void> } | null = null;
  const takeNext = async (): Promise<void> => {
    const next = waiting;
    waiting = null;
    if (next !== null) await act(next.value);
  };
  return {
    push(value) {
      if (waiting !== null) {
        waiting.value = value;
        return waiting.done;
      }
      const done = current.catch(() => {}).then(takeNext);
      waiting = { value, done };
      current = done;
      return done;
    },
    async idle() {
      await current.catch(() => {});
    },
  };
}
