import { cleanText } from './clean-text.ts';
import type { Style } from './style.ts';

/** What is shown of an entry of a host's journal. */
export interface ShownEntry {
  readonly timeUs: number;
  readonly program: string | null;
  readonly priority: number | null;
  readonly message: string;
}

/** syslog's numbers: 3 and below are errors, 4 is a warning. */
const ERROR = 3;
const WARNING = 4;

/** An entry as lines behind `prefix`, the first with the time of day here; whatever is no text is taken out. */
export function describeJournalEntry(entry: ShownEntry, prefix: string, style: Style): string {
  const { timeUs, program, priority } = entry;
  const paint = (text: string) => {
    if (priority === null || priority > WARNING) return text;
    return priority <= ERROR ? style.red(text) : style.yellow(text);
  };
  const [first = '', ...more] = cleanText(entry.message).split('\n');
  const from = program === null || program === 'rke2' ? '' : `${cleanText(program)}: `;
  const head = `${style.dim(timeText(timeUs))} ${from}${paint(first)}`;
  return [head, ...more.map((line) => `  ${paint(line)}`)].map((line) => `${prefix}${line}\n`).join('');
}

/** Here, with the day: journals go back. */
function timeText(timeUs: number): string {
  const at = new Date(timeUs / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const millis = String(at.getMilliseconds()).padStart(3, '0');
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${millis}`;
}
