import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
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

/**
 * Opens the log file. Every line goes through `scrub` as it is written, after pino has made JSON of it. Lines are with the
 * system when this turn of the event loop is over: a thousand hosts say two of them each, and every write is dear.
 */
export function openLog({ path, scrub, level = 'info' }: LogOptions): Log {
  const lines = openLines(path);
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => lines.add(scrub(line)) },
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
      const at = levelOf(event);
      if (closed || !logger.isLevelEnabled(at)) return;
      const { type, ...fields } = scrubEvent(event, scrub);
      write(at, type, fields);
    },
    close: () => {
      if (closed) return;
      closed = true;
      lines.close();
    },
  };
}

interface Lines {
  readonly add: (line: string) => void;
  readonly close: () => void;
}

/**
 * A file that lines are added to, several with one write. What cannot be written any more is left out: no run ends for its
 * log. (pino's own file waits for a full disk to have room again.)
 */
function openLines(path: string): Lines {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, 'a', 0o600);
  let waiting = '';
  const flush = () => {
    const text = waiting;
    waiting = '';
    try {
      if (text !== '') writeSync(descriptor, text);
    } catch {
      // The disk is full, most of all: what matters more than the log says so by itself.
    }
  };
  // Whoever ends the process in the middle of a turn has said why just then.
  process.on('exit', flush);
  return {
    add: (line) => {
      if (waiting === '') setImmediate(flush);
      waiting += line;
    },
    close: () => {
      process.off('exit', flush);
      flush();
      closeSync(descriptor);
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
