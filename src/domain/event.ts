import type { NodeKey } from './cluster.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Plan, PlannedNode, PortProbe, StepId, StepKind } from './plan.ts';

export type StepOutcome = 'done' | 'unchanged' | 'failed' | 'unknown' | 'skipped' | 'cancelled';

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Last fatal lines of the service's journal, if that is where it failed. */
  readonly lastWords?: readonly string[];
}

/** Everything a run tells: the terminal, the JSON lines, the journal and the state all live on this one stream. */
export type RunEvent =
  | {
      readonly type: 'run-started';
      readonly command: string;
      readonly clusterName: string;
      readonly config: string;
    }
  | {
      readonly type: 'host-connecting';
      readonly key: NodeKey;
      /** How many hosts still wait for their turn. */
      readonly ahead?: number;
    }
  | {
      readonly type: 'host-probed';
      readonly key: NodeKey;
      readonly name: string;
      readonly durationMs: number;
    }
  | { readonly type: 'host-unreachable'; readonly key: NodeKey; readonly failure: Failure }
  | { readonly type: 'finding'; readonly diagnostic: Diagnostic }
  | { readonly type: 'planned'; readonly plan: Plan }
  | {
      readonly type: 'step-started';
      readonly step: StepId;
      readonly kind: StepKind;
      readonly node: PlannedNode | null;
      readonly title: string;
    }
  | {
      readonly type: 'step-progress';
      readonly step: StepId;
      readonly words: string;
      readonly fraction?: number;
    }
  | {
      readonly type: 'step-ended';
      readonly step: StepId;
      readonly kind: StepKind;
      readonly node: PlannedNode | null;
      readonly outcome: StepOutcome;
      readonly durationMs: number;
      readonly failure?: Failure;
    }
  | { readonly type: 'port-matrix'; readonly results: readonly PortResult[] }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'run-ended'; readonly result: RunResult };

export interface PortResult extends PortProbe {
  readonly result: 'open' | 'closed' | 'unknown';
  /** How long the answer took; only of open TCP ports. */
  readonly roundTripMs?: number;
}

export interface RunResult {
  readonly outcome: 'done' | 'nothing-to-do' | 'partly' | 'failed' | 'cancelled';
  readonly durationMs: number;
  readonly nodes: readonly NodeResult[];
}

/** One row of the table at the end. */
export interface NodeResult {
  readonly key: NodeKey;
  readonly name: string;
  readonly roles: readonly string[];
  readonly result: 'done' | 'unchanged' | 'failed' | 'unknown' | 'skipped' | 'unreachable' | 'cancelled';
  readonly durationMs: number;
  readonly lastWords: string;
}
