import { CancelledError } from '../domain/errors.ts';

/** Something that others wait for to change. */
export class Change {
  #tell: () => void = () => undefined;
  #told: Promise<void> = Promise.resolve();

  constructor() {
    this.announce();
  }

  /** Wakes everybody who waits. */
  announce(): void {
    this.#tell();
    this.#told = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  /** Begins to listen now; what it gives waits for what is announced from then on, `patienceMs` at the most. */
  listen(): (patienceMs: number, signal: AbortSignal | undefined) => Promise<void> {
    const told = this.#told;
    return (patienceMs, signal) =>
      new Promise((resolve, reject) => {
        const settle = () => {
          clearTimeout(patience);
          signal?.removeEventListener('abort', settle);
          if (signal?.aborted) reject(new CancelledError());
          else resolve();
        };
        const patience = setTimeout(settle, patienceMs);
        signal?.addEventListener('abort', settle, { once: true });
        void told.then(settle);
      });
  }
}
