import type { Cluster, ClusterNode } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { RunEvent } from '../domain/event.ts';
import type { Host } from '../host/host.ts';
import type { StatePaths } from '../state/state-paths.ts';
import type { StateStore } from '../state/store.ts';
import type { Transport } from '../transport/transport.ts';
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
  /** A connection of the caller's own, for what needs no look at the host before. */
  readonly connect: ConnectHost;
  /** A session of the person's own at a node, by OpenSSH's client; gives its exit code. Without words it is interactive. */
  readonly openShell: (node: ClusterNode, words: readonly string[]) => Promise<number>;
  /** A text without the secrets of this run. */
  readonly scrub: (text: string) => string;
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

/** Connects to a node; rejects with ConnectError, AuthError or HostKeyError. Whoever gets it closes `transport`. */
export type ConnectHost = (node: ClusterNode, signal: AbortSignal) => Promise<ConnectedHost>;

export interface ConnectedHost {
  readonly host: Host;
  /** The same connection, as the login user. */
  readonly transport: Transport;
}

/** First Ctrl-C: `stop`, what is in hand is finished. Second: `abort`. */
export interface Signals {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}
