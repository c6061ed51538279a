import type { Host } from './host.ts';

/** One entry of a host's journal. */
export interface JournalEntry {
  /** Microseconds since the epoch, as the host's clock had it. */
  readonly timeUs: number;
  readonly unit: string | null;
  readonly program: string | null;
  readonly pid: number | null;
  /** syslog's 0 (emergency) to 7 (debug). */
  readonly priority: number | null;
  /** May have several lines. */
  readonly message: string;
}

export interface JournalQuestion {
  readonly units: readonly string[];
  /** The last so many entries; null: all that `since` leaves. */
  readonly lines: number | null;
  /** As journalctl takes it; null: from the beginning. */
  readonly since: string | null;
  /** Goes on until the signal. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** $1 begins what is asked of journalctl. Older ones (systemd before 236) cannot leave fields out. */
const READ = `
if journalctl --help 2>/dev/null | grep -q -- --output-fields; then
  set -- --output-fields=MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT,SYSLOG_IDENTIFIER,_PID "$@"
fi
exec journalctl --quiet --no-pager --all --output=json "$@"
`;

/** Reads units' journals on a host; each piece that comes goes to `onOutput`, as lines for `parseJournalLine`. */
export async function readJournal(
  host: Host,
  question: JournalQuestion,
  onOutput: (chunk: Buffer) => void,
): Promise<void> {
  const { units, lines, since, follow, signal } = question;
  const args = [
    ...units.map((unit) => `--unit=${unit}`),
    ...(lines === null ? (follow ? ['--no-tail'] : []) : [`--lines=${lines}`]),
    ...(since === null ? [] : [`--since=${since}`]),
    ...(follow ? ['--follow'] : []),
  ];
  await host.run(READ, { args, what: 'Reading the journal', signal, onStdout: onOutput });
}

/** An entry as journalctl writes it in JSON; null for what is none. What is not UTF-8 comes as numbers. */
export function parseJournalLine(line: string): JournalEntry | null {
  const fields = parseObject(line);
  const timeUs = Number(fields?.['__REALTIME_TIMESTAMP']);
  if (fields === null || !Number.isFinite(timeUs)) return null;
  const text = (name: string) => textOf(fields[name]);
  const number = (name: string) => (fields[name] === undefined ? null : Number(text(name)));
  return {
    timeUs,
    // systemd's own words about a unit name it elsewhere.
    unit: text('UNIT') ?? text('_SYSTEMD_UNIT'),
    program: text('SYSLOG_IDENTIFIER'),
    pid: number('_PID'),
    priority: number('PRIORITY'),
    message: text('MESSAGE') ?? '',
  };
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  // Bytes, or the several values of one field.
  return value.every((each) => typeof each === 'number')
    ? Buffer.from(value).toString('utf8')
    : (value.findLast((each) => typeof each === 'string') ?? null);
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
