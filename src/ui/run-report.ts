import type { Failure, NodeResult, RunEvent, RunResult, StepOutcome } from '../domain/event.ts';
import type { Step, StepId, StepKind } from '../domain/plan.ts';
import { stepText } from './step-text.ts';

/** What became of a run that consists of several commands, for the reports that CI services read. */
export interface RunReport {
  /** In the order in which they ran: `run`, `remove`. */
  readonly phases: readonly ReportedPhase[];
  /** What the cluster was made for; null when it never came to that. */
  readonly command: ReportedCommand | null;
}

export interface ReportedPhase {
  readonly command: string;
  readonly clusterName: string;
  /** In the order in which they ended. */
  readonly steps: readonly ReportedStep[];
  readonly unreachable: readonly { readonly name: string; readonly failure: Failure }[];
  readonly nodes: readonly NodeResult[];
  /** null when it ended by an error before the plan was carried out. */
  readonly outcome: RunResult['outcome'] | null;
  /** What ended it. */
  readonly error: Failure | null;
  readonly durationMs: number;
}

export interface ReportedStep {
  readonly kind: StepKind;
  readonly words: string;
  /** null for what is done on the operator's machine. */
  readonly node: string | null;
  readonly outcome: StepOutcome;
  readonly durationMs: number;
  readonly failure: Failure | null;
}

export interface ReportedCommand {
  readonly words: readonly string[];
  readonly exitCode: number;
  readonly durationMs: number;
  /** Why it was ended, in words; null when it ended by itself. */
  readonly endedBy: string | null;
}

/** Collects the events of a run (secrets taken out already) as they come. */
export class RunRecorder {
  readonly #phases: ReportedPhase[] = [];
  readonly #now: () => number;
  #command: ReportedCommand | null = null;
  #plan: ReadonlyMap<StepId, Step> = new Map();
  #startedAt = 0;
  /** Nodes on which a step was begun, and which were not cleaned since. */
  readonly #touched = new Set<string>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  handle(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#startedAt = this.#now();
        this.#plan = new Map();
        this.#phases.push({ ...EMPTY, command: event.command, clusterName: event.clusterName });
        return;
      case 'host-unreachable':
        this.#amend((phase) => ({
          unreachable: [...phase.unreachable, { name: event.key, failure: event.failure }],
        }));
        return;
      case 'planned':
        this.#plan = new Map(event.plan.steps.map((step) => [step.id, step]));
        return;
      case 'step-started':
        if (event.node !== null) this.#touched.add(event.node.name);
        return;
      case 'step-ended':
        this.#stepEnded(event);
        return;
      case 'run-ended':
        this.#amend(() => ({ outcome: event.result.outcome, nodes: event.result.nodes }));
        return;
      default:
    }
  }

  /** The phase that runs ended by this error. */
  failed(error: Failure): void {
    this.#amend(() => ({ error }));
  }

  commandEnded(command: ReportedCommand): void {
    this.#command = command;
  }

  /** The names of the nodes that may still carry something of the cluster. */
  left(): readonly string[] {
    return [...this.#touched].sort();
  }

  report(): RunReport {
    return { phases: this.#phases, command: this.#command };
  }

  #stepEnded(event: Extract<RunEvent, { type: 'step-ended' }>): void {
    const { node, kind, outcome, durationMs } = event;
    if (kind === 'uninstall' && (outcome === 'done' || outcome === 'unchanged') && node !== null)
      this.#touched.delete(node.name);
    const planned = this.#plan.get(event.step);
    const step: ReportedStep = {
      kind,
      words: planned === undefined ? kind : stepText(planned),
      node: node?.name ?? null,
      outcome,
      durationMs,
      failure: event.failure ?? null,
    };
    this.#amend((phase) => ({ steps: [...phase.steps, step] }));
  }

  #amend(change: (phase: ReportedPhase) => Partial<ReportedPhase>): void {
    const last = this.#phases.pop();
    if (last === undefined) return;
    this.#phases.push({ ...last, ...change(last), durationMs: this.#now() - this.#startedAt });
  }
}

const EMPTY: ReportedPhase = {
  command: '',
  clusterName: '',
  steps: [],
  unreachable: [],
  nodes: [],
  outcome: null,
  error: null,
  durationMs: 0,
};
