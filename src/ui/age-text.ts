import { countText } from './table.ts';

/** How long ago something was, in one unit for people: `40 seconds`, `5 minutes`, `3 hours`, `12 days`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return countText(seconds, 'second');
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return countText(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 48 ? countText(hours, 'hour') : countText(Math.round(hours / 24), 'day');
}
