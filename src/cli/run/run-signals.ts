import { setMaxListeners } from 'node:events';

/** Why a run ends before its command does. */
export type EarlyEnd = 'interrupted' | 'timeout';

/** What ends a run that makes a cluster and must take it away again. */
export interface RunSignals {
  /** The first Ctrl-C, a SIGTERM or SIGHUP, or the time is up: go on to taking the cluster away. */
  readonly ending: AbortSignal;
  /** Ctrl-C again: leave everything as it is. */
  readonly abort: AbortSignal;
  readonly why: () => EarlyEnd | null;
  /** True when what ended it was a Ctrl-C, which a terminal gives to all of our processes. */
  readonly wasTyped: () => boolean;
  /** From now on the time is no longer counted: what is left to do must be done however long it takes. */
  readonly disarm: () => void;
  readonly close: () => void;
}

export interface RunSignalsOptions {
  /** For the run up to the end of its command; null: as long as it takes. */
  readonly timeoutMs: number | null;
  /** Hears of every end as it comes, to tell the person. */
  readonly onEnd: (why: EarlyEnd) => void;
}

/** Launchers such as npx pass on a Ctrl-C that the terminal has sent us already: that is one, not two. */
const SAME_PRESS_MS = 500;

/**
 * Listens until `close`. A CI service that cancels a job sends SIGINT, then SIGTERM, then SIGKILL: so SIGTERM never keeps
 * us from cleaning up, only a second Ctrl-C does.
 */
export function listenToRun({ timeoutMs, onEnd }: RunSignalsOptions): RunSignals {
  const ending = new AbortController();
  const abort = new AbortController();
  setMaxListeners(0, ending.signal, abort.signal);
  let why: EarlyEnd | null = null;
  let wasTyped = false;
  let lastSignalAt: number | null = null;
  const end = (reason: EarlyEnd) => {
    why ??= reason;
    onEnd(reason);
    ending.abort();
  };
  const onSignal = (signal: NodeJS.Signals) => {
    const now = Date.now();
    if (lastSignalAt === null) {
      lastSignalAt = now;
      wasTyped = signal === 'SIGINT' && why === null;
      end('interrupted');
    } else if (signal === 'SIGINT' && now - lastSignalAt > SAME_PRESS_MS) abort.abort();
  };
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, onSignal);
  const timer = timeoutMs === null ? undefined : setTimeout(() => end('timeout'), timeoutMs);
  return {
    ending: ending.signal,
    abort: abort.signal,
    why: () => why,
    wasTyped: () => wasTyped,
    disarm: () => clearTimeout(timer),
    close: () => {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
