/** What RKE1's keys of `services.etcd` say about recurring snapshots, as far as they could be understood. */
export interface SnapshotInput {
  readonly snapshot?: boolean | undefined;
  readonly creation?: string | undefined;
  readonly retention?: string | undefined;
  readonly backup_config?:
    | {
        readonly enabled?: boolean | undefined;
        readonly interval_hours?: number | undefined;
        readonly schedule?: string | undefined;
        readonly retention?: number | undefined;
      }
    | undefined;
}

/** When RKE2 takes snapshots and how many it keeps. */
export interface SnapshotPlan {
  readonly off: boolean;
  /** The cron line; null when the file leaves it to RKE2. */
  readonly cron: string | null;
  /** How near the line comes to the interval that the file asks for; null when it asks for none. */
  readonly interval: Interval | null;
  /** Snapshots that each etcd node keeps. */
  readonly retention: number;
}

/** A cron line as near as it comes to an interval. */
export interface Interval {
  readonly cron: string;
  /** Minutes between two snapshots as asked for, and as the cron line has it at most. */
  readonly asked: number;
  readonly actual: number;
  /** What the line does, when that is not simply the interval: the rest of `RKE2 takes one …`. */
  readonly deviation: string | null;
}

const HOUR = 60;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** RKE1's defaults, which hold as soon as one of the keys is there. */
const DEFAULTS = { interval: 12 * HOUR, count: 6, period: 72 * HOUR };

/** Works out RKE2's schedule and count; `backup_config` wins over the older keys beside it, as in RKE1. */
export function planSnapshots(input: SnapshotInput): SnapshotPlan {
  const { backup_config: backup, creation, retention } = input;
  const off = input.snapshot === false || backup?.enabled === false;
  if (backup !== undefined) {
    if (backup.schedule !== undefined) {
      return { off, cron: backup.schedule, interval: null, retention: backup.retention ?? DEFAULTS.count };
    }
    const interval = backup.interval_hours === undefined ? DEFAULTS.interval : backup.interval_hours * HOUR;
    const found = scheduleOf(interval);
    return { off, cron: found.cron, interval: found, retention: backup.retention ?? DEFAULTS.count };
  }
  if (creation === undefined && retention === undefined) {
    return { off, cron: null, interval: null, retention: DEFAULTS.count };
  }
  const interval = scheduleOf(minutesOf(creation) ?? DEFAULTS.interval);
  const kept = (minutesOf(retention) ?? DEFAULTS.period) / interval.actual;
  return { off, cron: interval.cron, interval, retention: Math.max(1, Math.ceil(kept)) };
}

/** Minutes of a Go duration such as `12h` or `1h30m`, at least 1; null for what is none. */
export function minutesOf(duration: string | undefined): number | null {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration ?? '');
  if (!match || duration === '' || duration === undefined) return null;
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return Math.max(1, Math.round(hours * HOUR + minutes + seconds / 60));
}

/** The cron line for an interval in minutes; never one that takes snapshots more rarely than asked for, up to a week. */
export function scheduleOf(asked: number): Interval {
  if (asked < HOUR) return stepsWithin(asked, HOUR, asked);
  if (asked < DAY) return stepsWithin(asked, DAY, Math.floor(asked / HOUR) * HOUR);
  if (asked < WEEK) return stepsOfDays(asked, Math.floor(asked / DAY));
  const deviation = asked === WEEK ? null : 'every week, on Sundays';
  return { cron: '0 0 * * 0', asked, actual: WEEK, deviation };
}

/** Every `step` minutes within an hour, or every so many hours within a day: the count begins anew with each. */
function stepsWithin(asked: number, whole: number, step: number): Interval {
  const every = whole === HOUR ? step : step / HOUR;
  const marks = whole === HOUR ? 60 : 24;
  const cron = whole === HOUR ? `*/${every} * * * *` : `0 ${every === 1 ? '*' : `*/${every}`} * * *`;
  const isEven = whole % step === 0;
  if (isEven && step === asked) return { cron, asked, actual: step, deviation: null };
  if (isEven) return { cron, asked, actual: step, deviation: describeInterval(step) };
  const times = Array.from({ length: Math.ceil(marks / every) }, (_, index) => index * every);
  const where = whole === HOUR ? 'minutes past each hour' : "o'clock each day";
  return { cron, asked, actual: step, deviation: `at ${listTimes(times)} ${where}` };
}

function stepsOfDays(asked: number, days: number): Interval {
  const actual = days * DAY;
  if (days === 1) {
    return { cron: '0 0 * * *', asked, actual, deviation: asked === DAY ? null : 'every day at midnight' };
  }
  const deviation = `every ${days} days, beginning anew on the 1st of each month`;
  return { cron: `0 0 */${days} * *`, asked, actual, deviation };
}

function listTimes(times: readonly number[]): string {
  const shown = times.length > 8 ? [...times.slice(0, 3), '…', ...times.slice(-1)] : times;
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** `12 hours`, `90 minutes`, `1 day`: a length of time in the largest unit that it is a multiple of. */
export function describeMinutes(minutes: number): string {
  const [count, unit] = inLargestUnit(minutes);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** The same after `every`: `every 12 hours`, `every day`. */
export function describeInterval(minutes: number): string {
  const [count, unit] = inLargestUnit(minutes);
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

function inLargestUnit(minutes: number): readonly [count: number, unit: string] {
  if (minutes % DAY === 0) return [minutes / DAY, 'day'];
  return minutes % HOUR === 0 ? [minutes / HOUR, 'hour'] : [minutes, 'minute'];
}
