import { createDistributor, type Distributor } from '../artifacts/distributor.ts';
import { findHeldFiles } from '../artifacts/held-files.ts';
import { urlUnreached } from '../artifacts/url-errors.ts';
import type { NodeKey } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { ConnectionLostError } from '../domain/errors.ts';
import type { PortResult, RunResult } from '../domain/event.ts';
import type { Plan, PlannedNode, Step, StepId } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';
import { runPlan } from '../engine/run-plan.ts';
import type { ArtifactSource, Upload } from '../host/run-receive.ts';
import { createPace } from '../lib/pace.ts';
import { type DesiredInput, desiredNode, factsOf } from '../render/desired-node.ts';
import { CATALOG } from '../steps/catalog.ts';
import type { StepContext, StepHandler } from '../steps/step-handler.ts';
import type { Workspace } from './workspace.ts';

export interface ExecuteOptions {
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** In place of the file's `transfer.fan_out`. */
  readonly fanOut?: number | undefined;
  /** Where release files are to be had, by name. */
  readonly artifact: (name: string) => ArtifactSource;
  /** What nodes are rendered from; null for plans that write no files. */
  readonly input: DesiredInput | null;
  readonly state: State | null;
}

/** From how many hosts snapshots are fetched at once; more would only share the operator's line. */
const TRANSFERS = 4;

/** Lets the engine carry a plan out with the real steps; the state grows as steps learn something. */
export async function executePlan(
  workspace: Workspace,
  plan: Plan,
  options: ExecuteOptions,
): Promise<RunResult> {
  const { signals, emit, sessions } = workspace;
  let state = options.state;
  const learn = async (change: (state: State) => State): Promise<void> => {
    if (state === null) return;
    state = change(state);
    await workspace.store.write(state);
  };
  const distributor = distributorFor(workspace, plan, options);
  const names = new Map(plan.nodes.map(({ key, name }) => [key, name]));
  const base = {
    cluster: workspace.cluster,
    host: (key: string) => sessions.get(key),
    files: (key: string) => renderFor(options.input, state, key),
    state: () => required(state),
    learn,
    artifact: options.artifact,
    deliver: (node: PlannedNode, upload: Upload) =>
      distributor.deliver(node, {
        ...upload,
        onSource: (source) => upload.onSource?.(names.get(source) ?? source),
      }),
    operator: workspace.operator,
    reportFinding: (diagnostic: Diagnostic) => emit({ type: 'finding', diagnostic }),
    reportPorts: (results: readonly PortResult[]) => emit({ type: 'port-matrix', results }),
    timeoutMs: options.timeoutMs,
  };
  const run = runPlan(plan, {
    runStep: async (step, run) => {
      const outcome = await runStep(step, { ...base, ...run });
      if (state?.operation !== undefined) await learn((known) => withDone(known, step.id));
      return outcome;
    },
    recover: async (step, error) => {
      if (!(error instanceof ConnectionLostError)) return false;
      const key = hostOf(step);
      // A step that may ask any of several hosts turns to the next by itself.
      return key === null ? 'via' in step : sessions.recover(key, signals.abort);
    },
    title: (step) => handlerOf(step).title(step),
    emit,
    stop: signals.stop,
    abort: signals.abort,
    now: Date.now,
    startedAt: workspace.startedAt,
    limits: { transfer: TRANSFERS, agent: options.concurrency, host: Math.max(options.concurrency, 4) },
    poolOf,
  });
  return run.finally(() => distributor.close());
}

function distributorFor(
  { cluster, sessions, emit }: Workspace,
  plan: Plan,
  { input, fanOut }: ExecuteOptions,
): Distributor {
  const { transfer, firewall, dataDir } = cluster;
  const staging = plan.steps.filter(({ kind }) => kind === 'stage-artifacts').length;
  const held = staging === 0 || input === null ? [] : findHeldFiles(plan, input.observed, dataDir);
  return createDistributor({
    host: (key) => sessions.get(key),
    isShared: staging > 1 || held.length > 0,
    held,
    fanOut: fanOut ?? transfer.fanOut,
    nodeBytesPerSecond: transfer.nodeMbps === null ? null : transfer.nodeMbps * BYTES_PER_MBIT,
    zone: firewall.provider === 'none' || firewall.manage === 'check' ? null : (firewall.zone ?? ''),
    now: () => performance.now(),
    onUnreached: (key, url, why) => {
      const node = plan.nodes.find((each) => each.key === key)?.name ?? key;
      emit({ type: 'finding', diagnostic: urlUnreached(node, url, why) });
    },
    ...(transfer.operatorMbps === null
      ? {}
      : { pace: createPace(transfer.operatorMbps * BYTES_PER_MBIT, CLOCK) }),
  });
}

const BYTES_PER_MBIT = 125_000;

const CLOCK = {
  now: () => performance.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};

/** The one host that a step speaks to; null where there is none, or a choice. */
function hostOf(step: Step): NodeKey | null {
  if ('via' in step) return step.via.length === 1 ? (step.via[0] ?? null) : null;
  return step.node?.key ?? null;
}

function poolOf(step: Step): string {
  if (step.kind === 'fetch-snapshots') return 'transfer';
  // The more take a file at the same time the wider it spreads; the distributor knows how many we feed.
  if (step.kind === 'stage-artifacts') return 'stage';
  return step.kind === 'start-service' && step.node?.service === 'rke2-agent' ? 'agent' : 'host';
}

function runStep(step: Step, context: StepContext): Promise<'done' | 'unchanged'> {
  return handlerOf(step).run(step, context);
}

/** The catalog is exhaustive by type; its entry for a step's kind takes exactly that step. */
function handlerOf(step: Step): StepHandler<typeof step.kind> {
  return CATALOG[step.kind] as unknown as {
    title(step: Step): string;
    run: StepHandler<Step['kind']>['run'];
  };
}

function renderFor(input: DesiredInput | null, state: State | null, key: string) {
  const spec = input?.cluster.nodes.find((node) => node.key === key);
  const facts = input === null ? null : factsOf(input.observed, key);
  if (input === null || state === null || spec === undefined || facts === null) return [];
  return desiredNode({ ...input, state }, spec, facts).files;
}

/** Of a verb that is in hand the state knows how far it has come. */
function withDone(state: State, id: StepId): State {
  const { operation } = state;
  return operation === undefined
    ? state
    : { ...state, operation: { ...operation, done: [...operation.done, id] } };
}

function required(state: State | null): State {
  if (state === null) throw new Error('this plan has no state');
  return state;
}
