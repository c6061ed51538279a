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

/**
 * The event with secrets taken out of every text in it, before anything wraps, cuts or colours them. What holds none is
 * the very same object: most events do not.
 */
export function scrubEvent(event: RunEvent, scrub: Scrub): RunEvent {
  return scrubValue(event, scrub) as RunEvent;
}

function scrubValue(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? scrubList(value, scrub) : scrubMap(value, scrub);
}

function scrubList(list: readonly unknown[], scrub: Scrub): readonly unknown[] {
  const isClean = list.every((each) => scrubValue(each, scrub) === each);
  return isClean ? list : list.map((each) => scrubValue(each, scrub));
}

function scrubMap(map: object, scrub: Scrub): object {
  let clean = map;
  for (const [key, each] of Object.entries(map)) {
    if (OUR_OWN_WORDS.has(key)) continue;
    const scrubbed = scrubValue(each, scrub);
    if (scrubbed !== each) clean = { ...clean, [key]: scrubbed };
  }
  return clean;
}
