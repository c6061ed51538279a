import { setMaxListeners } from 'node:events';
import type { Signals } from './workspace.ts';

/**
 * First Ctrl-C (or SIGTERM) stops after what is in hand, the second ends that too; `close` gives the signals back.
 * `onStop` is called at the first, to tell the person.
 */
export function listenToSignals(onStop: () => void): Signals & { readonly close: () => void } {
  const stop = new AbortController();
  const abort = new AbortController();
  // Every command of every host listens to them; Node would take that for a leak and say so in the middle of the run.
  setMaxListeners(0, stop.signal, abort.signal);
  const onSignal = () => {
    if (stop.signal.aborted) {
      abort.abort();
      return;
    }
    onStop();
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stop: stop.signal,
    abort: abort.signal,
    close: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
