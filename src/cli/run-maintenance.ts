import { isDeepStrictEqual } from 'node:util';
import type { JsonMap } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { CheckError, type ExitCode, Rke2ctlError, StateError } from '../domain/errors.ts';
import type { Observed } from '../domain/observed.ts';
import type { Operation, Verb } from '../domain/operation.ts';
import type { Plan, StepKind } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';
import { applyIgnored } from '../plan/checks/apply-ignored.ts';
import { CHECK_NAMES } from '../plan/checks/catalog.ts';
import { chooseBootstrap } from '../plan/choose-bootstrap.ts';
import { leavingSpecs } from '../plan/leaving-specs.ts';
import type { MaintenanceInput } from '../plan/maintenance/maintenance-input.ts';
import type { DesiredInput } from '../render/desired-node.ts';
import { wrapText } from '../ui/fit-text.ts';
import { executePlan } from './execute-plan.ts';
import { exitCodeOf } from './exit-code-of.ts';
import type { MaintenanceFlags } from './flags.ts';
import { outputStyle } from './output-style.ts';
import { refuseAbsent } from './refuse-absent.ts';
import { refuseUnattended } from './refuse-unattended.ts';
import type { Release } from './resolve-release.ts';
import { sayResult } from './say-result.ts';
import { showMaintenance } from './show-maintenance.ts';
import { refuseIllState } from './state/refuse-ill-state.ts';
import { withWorkspace } from './wire.ts';
import type { Workspace } from './workspace.ts';

/** What is known before a verb is planned. */
export interface Scene {
  readonly observed: Observed;
  readonly state: State;
}

/** How a verb ends that has done what it was for. */
export interface Conclusion {
  readonly words: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** A command that does something to a living cluster: a planner, and words for the person who is asked. */
export interface MaintenanceVerb<R extends JsonMap> {
  readonly verb: Verb;
  /** What the person asked for; null: nothing in particular, so one that was cut off goes on as it was asked. */
  readonly asked: R | null;
  /** Completes what was asked by looking; only when the verb begins, never when it goes on. */
  readonly settle: (asked: R | null, scene: Scene, workspace: Workspace) => R | Promise<R>;
  /** The state as it is to be on disk before the first step. */
  readonly begin?: (state: State, request: R) => State;
  /** Throws CheckError, or gives findings of which errors stop it, where it cannot succeed. */
  readonly plan: (input: MaintenanceInput<R>) => Plan;
  /** What it does and disturbs, as sentences before the question. */
  readonly explain: (input: MaintenanceInput<R>, plan: Plan) => readonly string[];
  /** What was reached, for the person and as facts for a program; asked when every step has succeeded. */
  readonly conclude?: (input: MaintenanceInput<R>, workspace: Workspace) => Conclusion | Promise<Conclusion>;
  /** Which verb that was cut off a new request may take the place of; none unless given. */
  readonly mayReplace?: (open: Operation) => boolean;
  /** True when an open one cannot go on because what it needs on this machine is gone: then it is begun anew. */
  readonly isSpent?: (open: Operation) => Promise<boolean>;
  /** The release that its steps install, settled before anything is planned; null: they install none. */
  readonly supply?: (state: State, request: R, scene: Scene, workspace: Workspace) => Promise<Release | null>;
  /** Kinds of steps after which the cluster still is as it was: one that fails there was never begun. */
  readonly harmless?: readonly StepKind[];
  /** True where steps write the nodes' files. */
  readonly writesFiles?: boolean;
}

/**
 * Carries a verb out, or goes on with it where it was cut off: looks, plans, says what will happen, asks, and works. With
 * `--plan` it stops before the question. Exit 0 done, 2 `--plan` found steps, 4 partly, 1 failed.
 */
export async function runMaintenance<R extends JsonMap>(
  verb: MaintenanceVerb<R>,
  flags: MaintenanceFlags,
): Promise<ExitCode> {
  refuseUnattended(verb.verb, flags, '`--plan` shows what would be done.');
  const locks = flags.plan !== true;
  return withWorkspace({ command: verb.verb, flags, locks }, async (workspace) => {
    const scene = await lookAround(workspace);
    const operation = await resolveOperation(verb, scene, workspace);
    const state = begun(verb, scene.state, operation);
    const release = (await verb.supply?.(state, operation.request, scene, workspace)) ?? null;
    const input: MaintenanceInput<R> = {
      ...desiredInput(workspace, { ...scene, state }),
      ...(release !== null && { version: release.version, artifacts: release.artifacts }),
      operation,
    };
    const plan = judge(verb.plan(input), flags, workspace);
    if (flags.plan === true) return showMaintenance(plan, flags);
    if (plan.steps.length > 0) await confirm(workspace, verb.explain(input, plan), flags);
    if (plan.steps.length > 0) await release?.verify(workspace.signals.stop);
    workspace.emit({ type: 'planned', plan });
    if (plan.steps.length > 0) await workspace.store.write({ ...state, operation });
    const started = new Set<StepKind>();
    const result = await executePlan(withEar(workspace, started), plan, {
      concurrency: flags.concurrency,
      timeoutMs: flags.timeout,
      artifact: release?.artifact ?? ((name) => ({ source: name })),
      input: verb.writesFiles === true ? input : null,
      state: plan.steps.length > 0 ? { ...state, operation } : state,
    });
    const code = exitCodeOf(result);
    if (result.outcome === 'done') await conclude(verb, input, flags, workspace);
    if (code !== 0 && operation.done.length === 0) await withdraw(verb, scene, started, workspace);
    return code;
  });
}

async function conclude<R extends JsonMap>(
  { verb, conclude: ending }: MaintenanceVerb<R>,
  input: MaintenanceInput<R>,
  flags: MaintenanceFlags,
  workspace: Workspace,
): Promise<void> {
  const conclusion = await ending?.(input, workspace);
  if (conclusion === undefined) return;
  const { words, facts = {} } = conclusion;
  const lines = wrapText(words, outputStyle().width);
  sayResult(flags, lines.join('\n'), { type: 'concluded', verb, message: words, ...facts });
}

/** Hears which kinds of steps were begun. */
function withEar(workspace: Workspace, started: Set<StepKind>): Workspace {
  return {
    ...workspace,
    emit: (event) => {
      if (event.type === 'step-started') started.add(event.kind);
      workspace.emit(event);
    },
  };
}

/** What has changed nothing must not stand in the way of other commands: the state is as it was before. */
async function withdraw<R extends JsonMap>(
  { verb, harmless = [] }: MaintenanceVerb<R>,
  { state }: Scene,
  started: ReadonlySet<StepKind>,
  { emit, store }: Workspace,
): Promise<void> {
  if (started.size === 0 || [...started].some((kind) => !harmless.includes(kind))) return;
  await store.write(state);
  emit({
    type: 'notice',
    message: `Nothing was stopped or changed, so \`${verb}\` is not in hand: the cluster goes on as it was.`,
  });
}

async function lookAround(workspace: Workspace): Promise<Scene> {
  const { cluster, store, sessions, signals } = workspace;
  const state = await store.read();
  if (state?.removing === true) throw removing();
  sessions.add(leavingSpecs(cluster, state));
  const observed = await sessions.observe(workspace.connectWindow, signals.stop);
  refuseAbsent(cluster, observed, state);
  await refuseIllState(workspace, observed, state);
  if (state === null || Object.keys(state.nodes).length === 0) {
    throw new StateError({
      code: 'no-cluster',
      message: `There is no cluster yet that ${workspace.paths.state} would tell of.`,
      hint: 'Make it with `rke2ctl up`; one that somebody else made is taken over with `rke2ctl adopt`.',
      exitCode: 3,
    });
  }
  return { observed, state };
}

/** The open operation, if it is this one; else a new one. Throws where another one is open. */
async function resolveOperation<R extends JsonMap>(
  { verb, asked, settle, mayReplace, isSpent }: MaintenanceVerb<R>,
  scene: Scene,
  workspace: Workspace,
): Promise<Operation & { readonly request: R }> {
  const open = scene.state.operation;
  if (open !== undefined) {
    const isSame = open.verb === verb && (asked === null || isAskedFor(asked, open.request));
    if (isSame && (await isSpent?.(open)) !== true) {
      workspace.emit({
        type: 'notice',
        message: `Going on with \`${verb}\`, begun ${timeText(open.startedAt)}.`,
      });
      return { ...open, request: open.request as R };
    }
    if (mayReplace?.(open) !== true) throw isOpen(open);
    workspace.emit({
      type: 'notice',
      message: `\`${open.verb}\`, begun ${timeText(open.startedAt)} and cut off, is given up for this.`,
    });
  }
  const request = await settle(asked, scene, workspace);
  return { verb, startedAt: workspace.startedAt, request, done: [] };
}

/** What looking has added to a request does not make it another one. */
function isAskedFor(asked: JsonMap, request: JsonMap): boolean {
  return Object.entries(asked).every(([key, value]) => isDeepStrictEqual(request[key], value));
}

function begun<R extends JsonMap>(
  { begin }: MaintenanceVerb<R>,
  state: State,
  { request, done }: Operation & { readonly request: R },
): State {
  return begin === undefined || done.length > 0 ? state : begin(state, request);
}

function desiredInput({ cluster, findings }: Workspace, { observed, state }: Scene) {
  const input: DesiredInput = {
    cluster,
    observed,
    state,
    version: state.version ?? '',
    bootstrapKey: chooseBootstrap(cluster, observed, state),
    artifacts: {},
  };
  return { ...input, findings };
}

function judge(plan: Plan, { ignoreCheck }: MaintenanceFlags, { emit }: Workspace): Plan {
  const findings = applyIgnored(plan.findings, ignoreCheck ?? []);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw cannotGoAhead(plan, findings, errors);
  for (const diagnostic of findings) emit({ type: 'finding', diagnostic });
  return { ...plan, findings };
}

/** Only some of what stands against a verb is for the person to judge. */
function cannotGoAhead(
  { purpose }: Plan,
  findings: readonly Diagnostic[],
  errors: readonly Diagnostic[],
): CheckError {
  const again = `then run \`rke2ctl ${purpose}\` again`;
  const [harmless] = errors.filter(({ code }) => CHECK_NAMES.includes(code));
  return new CheckError(findings, {
    message: `\`rke2ctl ${purpose}\` cannot go ahead as things are; nothing was changed.`,
    hint:
      harmless === undefined
        ? `Mend what is said above, ${again}.`
        : `Mend what is said above, ${again}; or let it pass with \`--ignore-check ${harmless.code}\` if you know that it does no harm.`,
  });
}

async function confirm(
  workspace: Workspace,
  sentences: readonly string[],
  { yes }: MaintenanceFlags,
): Promise<void> {
  const text = sentences.join(' ');
  if (yes === true) {
    workspace.emit({ type: 'notice', message: text });
    return;
  }
  if (await workspace.ask(`${text} Go on?`)) return;
  throw new Rke2ctlError({
    code: 'declined',
    message: 'Nothing was done.',
    hint: 'That was your answer; `--yes` does not ask.',
    exitCode: 0,
  });
}

function removing(): StateError {
  return new StateError({
    code: 'remove-unfinished',
    message: 'A `rke2ctl remove` of this cluster was begun and has not come to its end. Nothing was done.',
    hint: 'Run `rke2ctl remove` until every host is clean; then `rke2ctl up` makes the cluster anew.',
    exitCode: 3,
  });
}

function isOpen({ verb, startedAt }: Operation): Rke2ctlError {
  return new Rke2ctlError({
    code: 'operation-open',
    message: `\`rke2ctl ${verb}\` was begun ${timeText(startedAt)} and has not come to its end.`,
    hint: `Run \`rke2ctl ${verb}\` without further flags: it goes on where it stopped. Then run this command again.`,
  });
}

function timeText(ms: number): string {
  return `on ${new Date(ms).toISOString().slice(0, 16).replace('T', ' at ')} UTC`;
}
