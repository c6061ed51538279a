import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../domain/cluster.ts';
import { ConfigError, type ExitCode, StateError } from '../../domain/errors.ts';
import { describeFailure } from '../../engine/failure-of.ts';
import { readCluster } from '../cluster-source.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { UpFlags } from '../flags.ts';
import { reportError } from '../report-error.ts';
import { runRemove } from '../run-remove.ts';
import { withWorkspace } from '../wire.ts';
import type { Begun, RunParts } from './make-cluster.ts';

export interface UnmakeOptions extends RunParts {
  readonly begun: Begun;
  readonly flags: UpFlags;
  /** A line for the person where no workspace is open. */
  readonly say: (message: string) => void;
}

/** A host that was just cut off may hold our lock, or a dying service, for a moment. */
const ATTEMPTS = 3;
const PAUSE_MS = 5_000;

/** Takes away what `makeCluster` has begun, trying again what did not go well; never throws. 0: nothing is left. */
export async function unmakeCluster(options: UnmakeOptions): Promise<ExitCode> {
  const { signals } = options;
  const cluster = await knownCluster(options);
  for (let attempt = 1; ; attempt += 1) {
    const { code, isFinal } = await removeOnce(options, cluster);
    if (signals.abort.aborted) return 130;
    if (code === 0 || isFinal || attempt === ATTEMPTS) return code;
    options.say(`Not everything is gone yet; trying again in ${PAUSE_MS / 1000} s.`);
    await sleep(PAUSE_MS, undefined, { signal: signals.abort }).catch(() => undefined);
    if (signals.abort.aborted) return 130;
  }
}

async function removeOnce(
  options: UnmakeOptions,
  cluster: Cluster,
): Promise<{ readonly code: ExitCode; readonly isFinal: boolean }> {
  const { begun, flags, signals, recorder, answers, quietStdout } = options;
  try {
    const code = await withWorkspace(
      {
        command: 'remove',
        flags,
        locks: true,
        loaded: { cluster, findings: begun.findings },
        signals: { stop: signals.abort, abort: signals.abort },
        watch: (event) => recorder.handle(event),
        answers,
        quietStdout,
      },
      async (workspace) => {
        options.tellBy((message) => workspace.emit({ type: 'notice', message }));
        const result = await runRemove(workspace, {
          concurrency: flags.concurrency,
          keepSnapshots: null,
          ignoreUnreachable: false,
          confirm: () => Promise.resolve(),
          clusterId: begun.clusterId,
        });
        return exitCodeOf(result);
      },
    );
    return { code, isFinal: false };
  } catch (error) {
    recorder.failed(describeFailure(error));
    const code = reportError(error, flags, quietStdout ? process.stderr : process.stdout);
    return { code, isFinal: error instanceof StateError };
  } finally {
    options.tellBy(null);
  }
}

/**
 * The cluster as it was made, and the nodes that the file names since: whoever had it may have added some. A file that is
 * gone or cannot be read any more keeps nothing from being taken away.
 */
async function knownCluster({ begun, flags }: UnmakeOptions): Promise<Cluster> {
  const { cluster } = begun;
  if (flags.local === true) return cluster;
  const now = await readCluster(flags.config, 'run commands').catch((error: unknown) => {
    if (error instanceof ConfigError) return null;
    throw error;
  });
  const known = new Set(cluster.nodes.map(({ key }) => key));
  return {
    ...cluster,
    nodes: [...cluster.nodes, ...(now?.cluster.nodes ?? []).filter(({ key }) => !known.has(key))],
  };
}
