const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `10s`, `500ms`, `1m` or `2h`; a plain number counts seconds. The value has passed its schema. */
export function parseDuration(value: string | number): number {
  if (typeof value === 'number') return Math.round(value * 1000);
  const match = /^([\d.]+)([a-z]+)$/.exec(value);
  return Math.round(Number(match?.[1] ?? 0) * (UNITS[match?.[2] ?? 's'] ?? 0));
}
