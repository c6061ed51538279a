import { type ExitCode, StateError } from '../../domain/errors.ts';
import type { ForceFlags } from '../flags.ts';
import { sayResult } from '../say-result.ts';
import { peekState } from '../state/peek-state.ts';
import {
  answeringServer,
  COPY_NAME,
  type FetchedCopy,
  fetchCopy,
  noServerAnswers,
} from '../state/state-copies.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl state pull`: the cluster's copy of the state becomes the file; what was there is put aside. */
export function statePull(flags: ForceFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'state pull', flags, locks: true }, async (workspace) => {
    const { cluster, paths, store } = workspace;
    const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
    const server = answeringServer(cluster, observed);
    if (server === null) throw noServerAnswers('fetched');
    const copy = await fetchCopy(workspace, server);
    if (copy === null) throw noCopy();
    const own = await peekState(store);
    if (own?.checksum === copy.checksum) {
      const words = `${paths.state} is the cluster's copy already (serial ${copy.serial}).`;
      sayResult(flags, words, { state: paths.state, serial: copy.serial, changed: false, aside: null });
      return 0;
    }
    if (own !== null && flags.force !== true) refuse(paths.state, own, copy);
    const aside = await store.backUp();
    await store.replace(copy.text);
    const words = `${paths.state} is the cluster's copy now: serial ${copy.serial}.`;
    sayResult(flags, words, { state: paths.state, serial: copy.serial, changed: true, aside });
    if (aside !== null) process.stderr.write(`What was there before lies in ${aside}.\n`);
    return 0;
  });
}

function refuse(path: string, own: Omit<FetchedCopy, 'text'>, copy: FetchedCopy): void {
  if (own.clusterId !== copy.clusterId) {
    throw new StateError({
      code: 'state-foreign',
      message: `${path} is the state of cluster ${own.clusterId}, and these hosts hold that of ${copy.clusterId}. It was left as it is.`,
      hint: 'If the hosts are the right ones, `rke2ctl state pull --force` puts the file aside and fetches theirs. If not, mend the addresses in cluster.yml.',
    });
  }
  if (own.serial <= copy.serial) return;
  throw new StateError({
    code: 'state-newer-than-copy',
    message: `${path} is at serial ${own.serial} and newer than the copy in the cluster, which is at ${copy.serial}. It was left as it is.`,
    hint: 'There is nothing to fetch: `rke2ctl state push` brings the newer one into the cluster. To go back all the same: `rke2ctl state pull --force`.',
  });
}

function noCopy(): StateError {
  return new StateError({
    code: 'state-copy-missing',
    message: `${COPY_NAME} is not there.`,
    hint: 'Make a lost state again from the hosts with `rke2ctl state rebuild`; put one that is here into the cluster with `rke2ctl state push`.',
  });
}
