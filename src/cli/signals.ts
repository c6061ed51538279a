import { setMaxListeners } from 'node:events';
import type { Signals } from './workspace.ts';

/**
 * First Ctrl-C (or SIGTERM) stops after what is in hand, the second ends that too; `close` gives the signals back.
 * `tell` puts a line before the person without spoiling what stands on the screen.
 */
export function listenToSignals(tell: (message: string) => void): Signals & { readonly close: () => void } {
  const stop = new AbortController();
  const abort = new AbortController();
  // Every command of every host listens to them; Node would take that for a leak and say so in the middle of the run.
  setMaxListeners(0, stop.signal, abort.signal);
  const onSignal = () => {
    if (stop.signal.aborted) {
      abort.abort();
      return;
    }
    tell('Finishing what is in hand; once more to end that too.');
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
