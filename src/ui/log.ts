import { type Level, pino } from 'pino';
import type { RunEvent } from '../domain/event.ts';
import { scrubEvent } from './scrub-event.ts';
import type { Scrub, View } from './view.ts';

export interface LogOptions {
  /** Absolute path; the file is made 0600 and appended to. */
  readonly path: string;
  readonly scrub: Scrub;
  readonly level?: Level;
}

/** The log file of rke2ctl: every event of a run and what else is worth finding later, as lines of JSON. */
export interface Log extends View {
  /** `fields` must be plain data. */
  write(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Opens the log file. Every line goes through `scrub` as it is written, after pino has made JSON of it. */
export function openLog({ path, scrub, level = 'info' }: LogOptions): Log {
  const file = pino.destination({ dest: path, append: true, mkdir: true, mode: 0o600, sync: true });
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void file.write(scrub(line)) },
  );
  let closed = false;
  const write: Log['write'] = (at, message, fields = {}) => {
    if (!closed) logger[at](fields, message);
  };
  return {
    write,
    handle: (event) => {
      // A plan of a thousand nodes is in the state and the journal; here its size says enough.
      if (event.type === 'planned') return write('info', 'planned', { steps: event.plan.steps.length });
      const { type, ...fields } = scrubEvent(event, scrub);
      write(levelOf(event), type, fields);
    },
    close: () => {
      if (closed) return;
      closed = true;
      file.flushSync();
      file.end();
    },
  };
}

function levelOf(event: RunEvent): Level {
  if (event.type === 'host-unreachable') return 'error';
  if (event.type === 'finding') return event.diagnostic.severity === 'error' ? 'error' : 'warn';
  if (event.type === 'step-progress') return 'debug';
  if (event.type !== 'step-ended') return 'info';
  return event.outcome === 'failed' || event.outcome === 'unknown' ? 'error' : 'info';
}
