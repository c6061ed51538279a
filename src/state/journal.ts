import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { RunEvent } from '../domain/event.ts';
import { toJournalEntry } from './journal-entry.ts';

export interface JournalOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes the run's secrets out of a line. */
  readonly scrub: (text: string) => string;
  /** Told once, when the journal can no longer be written; the run goes on without it. */
  readonly onFailure: (error: unknown) => void;
  /** A file that is larger moves to `.1`, that to `.2`, and so on. */
  readonly maxBytes?: number;
}

/** How many moved files are kept beside the present one. */
const KEPT = 3;
const DEFAULT_MAX_BYTES = 4 * 2 ** 20;

/** What was done where, when and how long it took, across all runs. Handles events as a view does. */
export interface Journal {
  handle(event: RunEvent): void;
  close(): void;
}

/**
 * Opens the journal (0600) for appending: one JSON object a line, `time` and `run` first. Each line is with the system
 * when `handle` returns, so a killed process loses none. Never throws: a journal that cannot be written is told to
 * `onFailure` and stops nothing.
 */
export function openJournal(path: string, options: JournalOptions): Journal {
  const run = `${new Date(options.now()).toISOString()}/${process.pid}`;
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  let file: OpenFile | null = null;
  let hasFailed = false;
  const attempt = (act: () => void): void => {
    if (hasFailed) return;
    try {
      act();
    } catch (error) {
      hasFailed = true;
      options.onFailure(error);
    }
  };
  return {
    handle(event) {
      const entry = toJournalEntry(event);
      if (entry === null) return;
      attempt(() => {
        const time = new Date(options.now()).toISOString();
        const line = Buffer.from(`${options.scrub(JSON.stringify({ time, run, ...entry }))}\n`);
        file ??= openFile(path);
        if (file.size > 0 && file.size + line.length > maxBytes) file = rotate(path, file);
        writeSync(file.descriptor, line);
        file.size += line.length;
      });
    },
    close() {
      const last = file;
      file = null;
      if (last === null) return;
      attempt(() => fsyncSync(last.descriptor));
      closeSync(last.descriptor);
    },
  };
}

interface OpenFile {
  readonly descriptor: number;
  size: number;
}

function openFile(path: string): OpenFile {
  const descriptor = openSync(path, 'a+', 0o600);
  const stats = fstatSync(descriptor);
  if (stats.isFile() && (stats.mode & 0o077) !== 0) fchmodSync(descriptor, 0o600);
  const { size } = stats;
  // A killed run may have left half a line; the next one must not hang on to it.
  const last = Buffer.alloc(1);
  if (size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== '\n') {
    return { descriptor, size: size + writeSync(descriptor, '\n') };
  }
  return { descriptor, size };
}

function rotate(path: string, file: OpenFile): OpenFile {
  closeSync(file.descriptor);
  ifThere(() => unlinkSync(`${path}.${KEPT}`));
  for (let number = KEPT; number > 1; number -= 1) {
    ifThere(() => renameSync(`${path}.${number - 1}`, `${path}.${number}`));
  }
  renameSync(path, `${path}.1`);
  return openFile(path);
}

function ifThere(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
