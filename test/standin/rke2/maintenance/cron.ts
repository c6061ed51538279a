const FIELDS: readonly (readonly [first: number, last: number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
];

/** Whether a five-field cron expression names this minute. A field that cannot be read never matches. */
export function matchesCron(expression: string, time: Date): boolean {
  const fields = expression.trim().split(/\s+/);
  const now = [time.getMinutes(), time.getHours(), time.getDate(), time.getMonth() + 1, time.getDay()];
  if (fields.length !== FIELDS.length) return false;
  return fields.every((field, index) => matchesField(field, now[index] ?? -1, FIELDS[index] ?? [0, 0]));
}

function matchesField(field: string, value: number, [first, last]: readonly [number, number]): boolean {
  return field.split(',').some((part) => {
    const match = /^(\*|\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(part);
    if (match === null) return false;
    const from = match[1] === '*' ? first : Number(match[1]);
    const isSingle = match[1] !== '*' && match[2] === undefined && match[3] === undefined;
    const to = match[2] === undefined ? (isSingle ? from : last) : Number(match[2]);
    return value >= from && value <= to && (value - from) % Number(match[3] ?? 1) === 0;
  });
}
