import type { Cluster } from '../../domain/cluster.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { ConnectError, type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { describeFailure } from '../../engine/failure-of.ts';
import { addWaitSteps } from '../../plan/wait-steps.ts';
import { factsOf } from '../../render/desired-node.ts';
import type { RunRecorder } from '../../ui/run-report.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { UpFlags } from '../flags.ts';
import { planOptions } from '../plan/plan-options.ts';
import { preparePlan } from '../prepare-plan.ts';
import type { PreparedUp } from '../prepare-up.ts';
import { reportError } from '../report-error.ts';
import { runUp } from '../run-up.ts';
import type { Answers } from '../screen.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';
import type { RunSignals } from './run-signals.ts';

/** What the parts of a run share that makes a cluster and may take it away again. */
export interface RunParts {
  readonly signals: RunSignals;
  readonly recorder: RunRecorder;
  readonly answers: Answers;
  /** True: stdout is somebody else's. */
  readonly quietStdout: boolean;
  /** Told how to put a line before the person while a workspace is open, and with null that it is open no longer. */
  readonly tellBy: (tell: ((message: string) => void) | null) => void;
}

export interface MakeOptions extends RunParts {
  readonly command: 'up' | 'run';
  readonly flags: UpFlags;
  /** Also wait for charts and DNS. */
  readonly wait: boolean;
  /** Refuses where this cluster is there already, or a host cannot be reached. */
  readonly mustBeNew: boolean;
}

/** What was begun; from there on there may be something to take away. */
export interface Begun {
  readonly cluster: Cluster;
  readonly findings: readonly Diagnostic[];
  readonly clusterId: string;
  readonly version: string;
  /** False when the cluster was there before. */
  readonly isNew: boolean;
}

export interface Made {
  readonly code: ExitCode;
  /** null when it ended before anything was changed. */
  readonly begun: Begun | null;
}

/** Makes the cluster as `up` does; never throws: what went wrong is told, and is in the exit code. */
export async function makeCluster(options: MakeOptions): Promise<Made> {
  const { flags, signals, recorder, command, quietStdout, answers } = options;
  let begun: Begun | null = null;
  // What is in hand is ended as well where it would be taken away right after.
  const inHand = new AbortController();
  const endInHand = () => begun?.isNew !== false && inHand.abort();
  signals.ending.addEventListener('abort', endInHand);
  signals.abort.addEventListener('abort', () => inHand.abort());
  try {
    const code = await withWorkspace(
      {
        command,
        flags,
        locks: true,
        measureDisks: true,
        signals: { stop: signals.ending, abort: inHand.signal },
        watch: (event) => recorder.handle(event),
        answers,
        quietStdout,
      },
      async (workspace) => {
        options.tellBy((message) => workspace.emit({ type: 'notice', message }));
        const prepared = await preparePlan(workspace, planOptions(flags));
        const known = traces(workspace, prepared);
        if (options.mustBeNew) refuse(workspace, prepared, known, flags);
        begun = {
          cluster: workspace.cluster,
          findings: workspace.findings,
          clusterId: prepared.state.clusterId,
          version: prepared.release.version,
          isNew: known.length === 0,
        };
        const plan = options.wait ? addWaitSteps(prepared.plan, workspace.cluster) : prepared.plan;
        return exitCodeOf(await runUp(workspace, { ...prepared, plan }, flags));
      },
    );
    return { code, begun };
  } catch (error) {
    recorder.failed(describeFailure(error));
    return { code: reportError(error, flags, quietStdout ? process.stderr : process.stdout), begun };
  } finally {
    options.tellBy(null);
  }
}

/** Where this cluster is known already: in the state, on hosts. */
function traces({ cluster, paths }: Workspace, { stored, observed }: PreparedUp): readonly string[] {
  const marked = cluster.nodes.filter(({ key }) => factsOf(observed, key)?.rke2.marker != null);
  const recorded = Object.keys(stored?.nodes ?? {}).length;
  return [
    ...(recorded > 0
      ? [`${paths.state} knows ${recorded === 1 ? 'a node' : `${recorded} nodes`} of it`]
      : []),
    ...marked.map(({ key }) => `${key} bears its marker`),
  ];
}

/** What is there is somebody's: a run would take it away at its end. */
function refuse(
  { cluster }: Workspace,
  { plan }: PreparedUp,
  known: readonly string[],
  flags: UpFlags,
): void {
  if (known.length > 0) {
    throw new Rke2ctlError({
      code: 'cluster-exists',
      message: `The cluster ${cluster.name} is there already (${known.slice(0, 3).join(', ')}${known.length > 3 ? ', …' : ''}), and \`run\` would remove it in the end. Nothing was done.`,
      hint: `If an earlier run was killed and left it there: \`${removeCommand(flags)}\`, then run this again. To use it as it is, run your command with its kubeconfig.`,
    });
  }
  const [missing] = plan.unreachable;
  if (missing === undefined) return;
  throw new ConnectError({
    code: 'hosts-missing',
    message: `${plan.unreachable.length === 1 ? missing : `${plan.unreachable.length} hosts (${plan.unreachable.slice(0, 5).join(', ')})`} cannot be reached, and \`run\` makes no cluster with nodes missing. Nothing was done.`,
    hint: 'See what is said of each above, or leave them out of the file.',
    exitCode: 4,
  });
}

/** How the same cluster is removed by hand. */
export function removeCommand({ local, config }: Pick<UpFlags, 'local' | 'config'>): string {
  if (local === true) return 'rke2ctl remove --local --yes';
  return ['rke2ctl remove --yes', ...config.map((file) => `--config ${file}`)].join(' ');
}
