import { type ExitCode, StateError } from '../../domain/errors.ts';
import type { Observed } from '../../domain/observed.ts';
import { STATE_COPY_LIMIT, type StateCopy } from '../../domain/state-copy.ts';
import { putStateCopy } from '../../host/state-secret.ts';
import { factsOf } from '../../render/desired-node.ts';
import { stateForeign } from '../../state/state-errors.ts';
import type { ForceFlags } from '../flags.ts';
import { sayResult } from '../say-result.ts';
import { noState } from '../state/open-local-state.ts';
import { answeringServer, fetchCopy, noServerAnswers } from '../state/state-copies.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl state push`: the file becomes the cluster's copy of the state. */
export function statePush(flags: ForceFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'state push', flags, locks: true }, async (workspace) => {
    const { cluster, paths, store } = workspace;
    const state = await store.read();
    if (state === null) throw noState(paths.state);
    const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
    const server = answeringServer(cluster, observed);
    if (server === null) throw noServerAnswers('put there');
    refuseOtherHosts(workspace, observed, state.clusterId);
    const text = await store.text();
    const { checksum } = JSON.parse(text) as StateCopy;
    const copy = await readWhole(() => fetchCopy(workspace, server));
    if (copy?.checksum === checksum) {
      const words = `The cluster holds this state already (serial ${state.serial}).`;
      sayResult(flags, words, { state: paths.state, serial: state.serial, changed: false });
      return 0;
    }
    if (copy !== null && flags.force !== true) refuseNewer(paths.state, state.serial, copy);
    const { dataDir } = cluster;
    const put = await putStateCopy(workspace.sessions.get(server), text, {
      dataDir,
      signal: workspace.signals.stop,
    });
    if (put.sizeBytes > STATE_COPY_LIMIT) throw tooLarge(paths.state, put.sizeBytes);
    const words = `The cluster holds this state now: serial ${state.serial}.`;
    sayResult(flags, words, { state: paths.state, serial: state.serial, changed: true });
    return 0;
  });
}

/** Another cluster must never be given this one's tokens; there is no flag for it. */
function refuseOtherHosts({ cluster, paths }: Workspace, observed: Observed, clusterId: string): void {
  for (const { key } of cluster.nodes) {
    const marker = factsOf(observed, key)?.rke2.marker ?? null;
    if (marker !== null && marker !== 'unreadable' && marker.clusterId !== clusterId)
      throw stateForeign(paths.state, clusterId, marker.clusterId);
  }
}

/** A damaged copy is no reason not to put a whole one in its place. */
async function readWhole<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StateError) return null;
    throw error;
  }
}

function refuseNewer(path: string, serial: number, copy: StateCopy): void {
  if (copy.serial < serial) return;
  throw new StateError({
    code: 'state-copy-newer',
    message:
      copy.serial === serial
        ? `${path} and the copy in the cluster are both at serial ${serial}, and their content differs. Nothing was changed.`
        : `${path} is at serial ${serial}, and the copy in the cluster at ${copy.serial}: it is the newer one. Nothing was changed.`,
    hint: 'Fetch that one with `rke2ctl state pull`. To put the file in its place all the same: `rke2ctl state push --force`.',
  });
}

function tooLarge(path: string, sizeBytes: number): StateError {
  return new StateError({
    code: 'state-copy-too-large',
    message: `${path} has ${sizeBytes} bytes without its blanks, and a Secret takes ${STATE_COPY_LIMIT}: the cluster got no copy; an earlier one stays as it is.`,
    hint: 'Keep a copy of the file elsewhere yourself: without its server token no etcd snapshot can be restored.',
  });
}
