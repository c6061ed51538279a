/** What went over the way to one host, told when it has ended. Times are ms of this process's `performance.now()`. */
export type Traffic = RecordedConnection | RecordedCommand;

interface Recorded {
  readonly target: string;
  readonly startedMs: number;
  readonly durationMs: number;
  /** Why it did not end by itself; null when it did, or when it was let go. */
  readonly error: unknown;
}

/** A connection until it was there, or refused. */
export interface RecordedConnection extends Recorded {
  readonly type: 'connection';
}

/** One command as it went over a transport. */
export interface RecordedCommand extends Recorded {
  readonly type: 'command';
  readonly command: string;
  /** How messages call it: `Writing 3 files`. */
  readonly what: string;
  /** How much was sent; never what. */
  readonly stdinBytes: number;
  /** null when it did not end by itself: it was cut off, and then there is an error, or let go. */
  readonly exitCode: number | null;
  /** True for what goes on while we talk to it: its time is not what anybody waited for. */
  readonly isTalk: boolean;
}
