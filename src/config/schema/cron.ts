import { showValue } from '../finding.ts';
import { checked, text } from './scalars.ts';

/** The five fields of a cron line: what each counts, and from where to where. */
const FIELDS = [
  { what: 'minutes', first: 0, last: 59 },
  { what: 'hours', first: 0, last: 23 },
  { what: 'days of the month', first: 1, last: 31 },
  { what: 'months', first: 1, last: 12 },
  { what: 'days of the week', first: 0, last: 6 },
] as const;

const NAMES = /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)$/i;

/** A cron line as RKE2 reads it: five fields, or `@daily` and its like. */
export const CronSchema = checked(text('must be a cron line such as `0 */12 * * *`'), (line) => {
  if (/^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/.test(line)) return null;
  if (/^@every (\d+(h|m|s))+$/.test(line)) return null;
  const fields = line.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return {
      message: `${showValue(line)} has ${fields.length} fields, and a cron line has 5.`,
      hint: 'Minute, hour, day of the month, month, day of the week: `30 3 * * *` is every day at 3:30.',
    };
  }
  const wrong = FIELDS.findIndex((field, index) => !isField(fields[index] ?? '', field));
  const field = FIELDS[wrong];
  if (!field) return null;
  return {
    message: `In ${showValue(line)}, ${showValue(fields[wrong])} cannot stand for ${field.what}.`,
    hint: `Write numbers from ${field.first} to ${field.last}, \`*\`, \`*/2\`, \`1-5\` or \`1,3\`.`,
  };
});

function isField(written: string, { first, last }: (typeof FIELDS)[number]): boolean {
  return written.split(',').every((part) => {
    const match = /^(\*|\?|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part);
    if (!match || match[3] === '0') return false;
    return [match[1], match[2]].every((edge) => {
      if (edge === undefined || edge === '*' || edge === '?' || NAMES.test(edge)) return true;
      return /^\d+$/.test(edge) && Number(edge) >= first && Number(edge) <= last;
    });
  });
}
