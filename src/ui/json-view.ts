import type { RunEvent } from '../domain/event.ts';
import { scrubEvent } from './scrub-event.ts';
import type { Scrub, View } from './view.ts';

export interface JsonViewOptions {
  readonly write: (text: string) => void;
  readonly scrub: Scrub;
  readonly now?: () => number;
}

/** Every event as one line of JSON, with the time (ISO 8601, UTC) it was told. */
export function createJsonView({ write, scrub, now = Date.now }: JsonViewOptions): View {
  let closed = false;
  return {
    handle: (event: RunEvent) => {
      if (closed) return;
      const line = JSON.stringify({ time: new Date(now()).toISOString(), ...scrubEvent(event, scrub) });
      write(`${line}\n`);
    },
    close: () => {
      closed = true;
    },
  };
}
