import { CancelledError } from '../domain/errors.ts';

export interface Limits {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/**
 * Stops a running command when its time is over or the person at the terminal cancels. `stop` comes first, to reach what
 * the transport cannot; then `signal` aborts, for the transport.
 */
export class CommandLimits {
  readonly #controller = new AbortController();
  readonly #limits: Limits;
  readonly #stop: () => Promise<void>;
  readonly #tooLate: () => Error;
  #timer: NodeJS.Timeout | null = null;
  #reason: Error | null = null;

  constructor(limits: Limits, stop: () => Promise<void>, tooLate: () => Error) {
    this.#limits = limits;
    this.#stop = stop;
    this.#tooLate = tooLate;
    limits.signal?.addEventListener('abort', this.cancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the command was stopped; null while it was not. */
  get reason(): Error | null {
    return this.#reason;
  }

  /** The time begins to count; again and again does no harm. */
  start(): void {
    if (this.#limits.timeoutMs === undefined || this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#end(this.#tooLate()), this.#limits.timeoutMs);
  }

  /** The command is over. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#limits.signal?.removeEventListener('abort', this.cancel);
  }

  /** Stops it as the signal does. */
  readonly cancel = (): void => this.#end(new CancelledError());

  #end(reason: Error): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    const abort = (): void => this.#controller.abort();
    this.#stop().then(abort, abort);
  }
}
