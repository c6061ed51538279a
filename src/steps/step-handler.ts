import type { Cluster, NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { PortResult } from '../domain/event.ts';
import type { PlannedNode, StepKind, StepOf } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';
import type { Host } from '../host/host.ts';
import type { ArtifactSource, Upload } from '../host/run-receive.ts';
import type { RenderedFile } from '../render/rendered-file.ts';

/** What a step may use. It gets no terminal, no clock of its own and no way to another step. */
export interface StepContext {
  readonly cluster: Cluster;
  /** A connected host; throws ConnectError when it is not. */
  readonly host: (key: NodeKey) => Host;
  /** The node's files, rendered anew from the state as it is now. */
  readonly files: (key: NodeKey) => readonly RenderedFile[];
  readonly state: () => State;
  /** Changes the state; resolved once it is on disk. */
  readonly learn: (change: (state: State) => State) => Promise<void>;
  /** Where a release file lies on the operator's machine, and where hosts fetch it if they can. */
  readonly artifact: (name: string) => ArtifactSource;
  /** Brings a file to a node from wherever it is to be had, as `uploadFile` would from here. */
  readonly deliver: (node: PlannedNode, upload: Upload) => Promise<'sent' | 'present'>;
  readonly operator: OperatorFiles;
  readonly reportFinding: (diagnostic: Diagnostic) => void;
  readonly reportPorts: (results: readonly PortResult[]) => void;
  readonly progress: (words: string, fraction?: number) => void;
  /** True when a step on that host went wrong earlier in this run; it has been told already. */
  readonly isLost: (key: NodeKey) => boolean;
  readonly signal: AbortSignal;
  /** How long a service may take to get READY, and a Node to get Ready. */
  readonly timeoutMs: number;
}

/** What steps do on the operator's own machine. */
export interface OperatorFiles {
  readonly readText: (source: string) => Promise<string>;
  readonly writeKubeconfig: (text: string) => Promise<void>;
  /** Takes kubeconfig, state and lock away, after the cluster they belonged to is gone. */
  readonly forgetCluster: () => Promise<void>;
  /** The state's text as it lies on disk, sealed if it is sealed. */
  readonly stateText: () => Promise<string>;
  /** Where a node's snapshot goes below `directory`; its folder is made (0700). */
  readonly snapshotPath: (node: PlannedNode, directory: string, name: string) => Promise<string>;
}

/**
 * One kind of step. `run` looks first, in the same round trip in which it acts: what is already as it must be is
 * `unchanged`. It may be run again after any failure. Throws the errors of domain/errors.
 */
export interface StepHandler<K extends StepKind> {
  /** For the screen, while it runs: `write 3 files`. */
  readonly title: (step: StepOf<K>) => string;
  readonly run: (step: StepOf<K>, context: StepContext) => Promise<'done' | 'unchanged'>;
}
