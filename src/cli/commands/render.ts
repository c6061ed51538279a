import { randomBytes } from 'node:crypto';
import { type LoadedCluster, loadCluster } from '../../config/load-cluster.ts';
import { ConnectError, type ExitCode } from '../../domain/errors.ts';
import { chooseBootstrap } from '../../plan/choose-bootstrap.ts';
import { createState } from '../../state/create-state.ts';
import { configEnvironment } from '../cluster-source.ts';
import { fetchAddons } from '../fetch-addons.ts';
import type { RenderFlags } from '../flags.ts';
import { findNode } from '../nodes/find-node.ts';
import { outputStyle } from '../output-style.ts';
import { assumeInput } from '../plan/assume-input.ts';
import { renderNodeText, type ShownNode, showNode } from '../plan/rendered-node.ts';
import { resolveRelease } from '../resolve-release.ts';
import { showFindings } from '../show-findings.ts';
import { readState } from '../state/read-state.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl render NODE`: the very files that `up` would write there, secrets masked. Without network: what only the hosts
 * know is taken from the state, and said to be open where the state does not know it either. `--refresh` asks the hosts,
 * and whoever else `up` would ask. `--output json` gives `{node, version, files, notes}`.
 */
export async function render(asked: string, flags: RenderFlags): Promise<ExitCode> {
  return flags.refresh === true ? renderObserved(asked, flags) : renderAssumed(asked, flags);
}

async function renderAssumed(asked: string, flags: RenderFlags): Promise<ExitCode> {
  const { cluster, findings } = await loadMasked(flags);
  const state = await readState(flags.config[0] ?? '');
  const node = findNode(asked, cluster, state);
  const { input, notes } = await assumeInput(cluster, state);
  showFindings(findings);
  return show(showNode(input, node, notes), flags);
}

/** No command is run for what is masked anyway. */
function loadMasked(flags: RenderFlags): Promise<LoadedCluster> {
  return loadCluster(
    flags.config,
    configEnvironment((line) => `(the output of ${line})`),
  );
}

async function renderObserved(asked: string, flags: RenderFlags): Promise<ExitCode> {
  const loaded = await loadMasked(flags);
  return withWorkspace({ command: 'render', flags, locks: false, loaded }, async (workspace) => {
    const { cluster, sessions, signals, store, connectWindow, findings } = workspace;
    const stored = await store.read();
    const spec = findNode(asked, cluster, stored);
    const signal = signals.stop;
    const observed = await sessions.observe(connectWindow, signal);
    const host = observed.hosts[spec.key];
    if (host?.reachable === false) throw new ConnectError({ ...host.error, exitCode: 4 });
    const state = stored ?? createState(cluster.name, randomBytes);
    const { version, artifacts } = await resolveRelease({ cluster, state, observed, signal });
    const hostOf = (key: string) => sessions.get(key);
    const addonTexts = await fetchAddons({ cluster, state, observed, host: hostOf, update: false, signal });
    const bootstrapKey = chooseBootstrap(cluster, observed, state);
    showFindings(findings);
    return show(
      showNode({ cluster, observed, state, version, artifacts, addonTexts, bootstrapKey }, spec, []),
      flags,
    );
  });
}

function show(node: ShownNode, flags: RenderFlags): ExitCode {
  process.stdout.write(
    flags.output === 'json' ? `${JSON.stringify(node)}\n` : renderNodeText(node, outputStyle()),
  );
  return 0;
}
