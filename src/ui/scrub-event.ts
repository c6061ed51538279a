import type { RunEvent } from '../domain/event.ts';
import type { Scrub } from './view.ts';

/** What tells events and results apart; a secret that happens to be such a word must not break the views. */
const OUR_OWN_WORDS: ReadonlySet<string> = new Set([
  'type',
  'kind',
  'outcome',
  'result',
  'severity',
  'protocol',
  'service',
  'code',
]);

/** The event with secrets taken out of every text in it, before anything wraps, cuts or colours them. */
export function scrubEvent(event: RunEvent, scrub: Scrub): RunEvent {
  return scrubValue(event, scrub) as RunEvent;
}

function scrubValue(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((each) => scrubValue(each, scrub));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      OUR_OWN_WORDS.has(key) ? each : scrubValue(each, scrub),
    ]),
  );
}
