import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { RunEvent } from '../domain/event.ts';
import type { StatePaths } from '../state/state-paths.ts';
import type { StateStore } from '../state/store.ts';
import type { HostSessions } from './host-sessions.ts';
import type { Operator } from './operator.ts';

/** What every command that talks to hosts works with; made by wire.ts, closed by it whatever happens. */
export interface Workspace {
  readonly cluster: Cluster;
  /** Findings about the file itself. */
  readonly findings: readonly Diagnostic[];
  readonly paths: StatePaths;
  readonly store: StateStore;
  readonly sessions: HostSessions;
  readonly operator: Operator;
  readonly emit: (event: RunEvent) => void;
  /** A yes-or-no question to the person; rejects where nobody can answer. */
  readonly ask: (question: string) => Promise<boolean>;
  readonly signals: Signals;
  /** When the command began, in ms since the epoch. */
  readonly startedAt: number;
  /** Handshakes at once. */
  readonly connectWindow: number;
}

/** First Ctrl-C: `stop`, what is in hand is finished. Second: `abort`. */
export interface Signals {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}
