import { Rke2ctlError } from '../../domain/errors.ts';
import { ttlSecondsOf } from '../../domain/time-to-live.ts';
import { clockText } from '../../ui/duration-text.ts';
import { RunRecorder } from '../../ui/run-report.ts';
import { findCaller } from '../cluster-source.ts';
import { hasProgram } from '../find-program.ts';
import type { RunFlags } from '../flags.ts';
import { prepareJunit, writeOutputs, writeReports } from '../run/ci-reports.ts';
import { type Begun, removeCommand } from '../run/make-cluster.ts';
import { runCommand } from '../run/run-command.ts';
import type { RunSignals } from '../run/run-signals.ts';
import { type Person, withShortLivedCluster } from '../run/short-lived-cluster.ts';

/** How long one service or Node may take, as with `up`. */
const STEP_TIMEOUT_MS = 600_000;

/**
 * `rke2ctl run -- CMD…`: a cluster for the time of one command. Gives the command's exit code; else that of what went
 * wrong before or after it, 124 for `--timeout`, 130 for Ctrl-C. stdout is the command's alone.
 */
export async function run(command: readonly string[], flags: RunFlags): Promise<number> {
  refuseUnknown(command[0] ?? '');
  refuseShortTtl(flags);
  await prepareJunit(flags.junit, findCaller(process.env));
  const timeoutMs = flags.timeout ?? null;
  const recorder = new RunRecorder();
  const say = (message: string) => void process.stderr.write(`${message}\n`);
  try {
    return await withShortLivedCluster({
      command: 'run',
      flags: { ...flags, timeout: Math.min(STEP_TIMEOUT_MS, timeoutMs ?? STEP_TIMEOUT_MS) },
      wait: flags.wait === true,
      mustBeNew: true,
      quietStdout: true,
      recorder,
      timeoutMs,
      use: (begun, person) => useCluster(command, begun, recorder, person),
      keeps: (code, end, begun) =>
        flags.keepOnFailure === true && code !== 0 && end !== 'interrupted'
          ? `The cluster is kept, as --keep-on-failure asks; its kubeconfig is ${begun.cluster.kubeconfig.path}. \`${removeCommand(flags)}\` takes the cluster away.${goesText(begun)}`
          : null,
    });
  } finally {
    await writeReports(recorder.report(), { junit: flags.junit, environment: process.env }, say);
  }
}

async function useCluster(
  command: readonly string[],
  { cluster, version }: Begun,
  recorder: RunRecorder,
  { signals, say }: Person & { readonly signals: RunSignals },
): Promise<number> {
  const kubeconfig = cluster.kubeconfig.path;
  await writeOutputs({ kubeconfig, version }, process.env, say);
  const startedAt = Date.now();
  const exitCode = await runCommand(command, {
    environment: { ...process.env, KUBECONFIG: kubeconfig },
    ending: signals.ending,
    abort: signals.abort,
    wasTyped: signals.wasTyped,
  });
  const end = signals.why();
  const endedBy =
    end === null ? null : end === 'timeout' ? 'The time of the run was up.' : 'The run was interrupted.';
  recorder.commandEnded({ words: command, exitCode, durationMs: Date.now() - startedAt, endedBy });
  say(end === null ? `The command ended with exit code ${exitCode}.` : `${endedBy} The command has ended.`);
  return exitCode;
}

function goesText({ cluster }: Begun): string {
  const seconds = ttlSecondsOf(cluster, null);
  return seconds === null
    ? ''
    : ` Its hosts do so by themselves when its ttl of ${clockText(seconds * 1000)} is over.`;
}

/** A cluster that goes while it is still to be used helps nobody. */
function refuseShortTtl({ ttl, timeout }: RunFlags): void {
  if (ttl === undefined || (ttl >= LEAST_TTL_MS && ttl > (timeout ?? 0))) return;
  const isLess = timeout !== undefined && ttl <= timeout;
  throw new Rke2ctlError({
    code: 'ttl-too-short',
    message: isLess
      ? `--ttl ${clockText(ttl)} is over before --timeout ${clockText(timeout)} is: the cluster would go while it may still be used. Nothing was done.`
      : `--ttl ${clockText(ttl)} is over before a cluster can be there. Nothing was done.`,
    hint: 'It is for the case that this machine dies; give it more time than making, using and removing the cluster takes: `--ttl 2h`.',
    exitCode: 3,
  });
}

const LEAST_TTL_MS = 10_000;

/** Before a cluster is made for nothing. */
function refuseUnknown(program: string): void {
  if (hasProgram(program, process.env['PATH'])) return;
  throw new Rke2ctlError({
    code: 'no-such-program',
    message: `There is no program ${program} to run${program.includes('/') ? '' : ' on the PATH'}. Nothing was done.`,
    hint: "Everything behind `--` is one program and its words, and no shell reads it; for a line of shell: `-- sh -c '…'`.",
    exitCode: 3,
  });
}
