const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function twoUnits(seconds: number, unit: number, name: string, lesser: number, lesserName: string): string {
  const whole = Math.floor(seconds / unit);
  const rest = Math.floor((seconds % unit) / lesser);
  return rest === 0 ? `${whole}${name}` : `${whole}${name}${rest}${lesserName}`;
}

/** How kubectl's AGE columns write a span: `45s`, `2m3s`, `12m`, `5h10m`, `30h`, `3d4h`, `20d`, `2y35d`. */
export function formatHumanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 2 * MINUTE) return `${Math.max(0, seconds)}s`;
  if (seconds < 10 * MINUTE) return twoUnits(seconds, MINUTE, 'm', 1, 's');
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return twoUnits(seconds, HOUR, 'h', MINUTE, 'm');
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return twoUnits(seconds, DAY, 'd', HOUR, 'h');
  if (seconds < 730 * DAY) return `${Math.floor(seconds / DAY)}d`;
  if (seconds < 8 * 365 * DAY) return twoUnits(seconds, 365 * DAY, 'y', DAY, 'd');
  return `${Math.floor(seconds / (365 * DAY))}y`;
}
