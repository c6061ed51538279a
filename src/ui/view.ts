import type { RunEvent } from '../domain/event.ts';

/** Somebody who watches a run: a terminal, a pipe, a log. Never throws at an event; after `close` it says nothing more. */
export interface View {
  handle(event: RunEvent): void;
  close(): void;
}

/** A view that can make room for a question on its terminal. Calls nest. */
export interface PausableView extends View {
  pause(): void;
  resume(): void;
}

/** Takes secrets out of a text before it is shown or written. */
export type Scrub = (text: string) => string;
