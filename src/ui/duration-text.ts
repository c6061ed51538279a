/** A time for people: `0.4s` below ten seconds, then `12s`, `1m02s`, `1h03m`. */
export function durationText(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}s`;
  return clockText(ms);
}

/** The same in whole seconds, for what ticks on the screen. */
export function clockText(durationMs: number): string {
  const seconds = Math.round(Math.max(0, durationMs) / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${pad(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}m`;
}

function pad(value: number): string {
  return `${value}`.padStart(2, '0');
}
