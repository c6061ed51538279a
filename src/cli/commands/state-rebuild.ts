import type { ExitCode } from '../../domain/errors.ts';
import { Rke2ctlError, StateError } from '../../domain/errors.ts';
import type { HostFacts, Observed } from '../../domain/observed.ts';
import { Secret } from '../../domain/secret.ts';
import type { State } from '../../domain/state.ts';
import { readFile } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import { factsOf } from '../../render/desired-node.ts';
import { manifestNameOf } from '../../render/manifests.ts';
import { AGENT_TOKEN_PATH, CONFIG_PATH, SERVER_TOKEN_PATH } from '../../rke2/paths.ts';
import { completeFromCopy } from '../../state/complete-from-copy.ts';
import { type HostMemory, rebuildState } from '../../state/rebuild-state.ts';
import { parseStateDocument } from '../../state/state-document.ts';
import type { ForceFlags } from '../flags.ts';
import { answeringServer, COPY_NAME, fetchCopy, newestCopy } from '../state/state-copies.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl state rebuild`: a lost cluster.rkestate made again from markers and tokens on the hosts. Changes no host. */
export function stateRebuild(flags: ForceFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'state rebuild', flags, locks: true }, async (workspace) => {
    if (flags.force !== true && (await readIfWhole(workspace)) !== null)
      throw stateIsThere(workspace.paths.state);
    const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
    const memories = await readMemories(workspace, observed);
    const state = await complete(workspace, observed, rebuildState(memories, 0));
    const aside = await workspace.store.setAside();
    await workspace.store.write(state);
    const count = Object.keys(state.nodes).length;
    process.stdout.write(
      `${workspace.paths.state} is made again: cluster ${state.clusterName}, ${count} ${count === 1 ? 'node' : 'nodes'}.\n`,
    );
    if (aside !== null) process.stderr.write(`The file that was there lies in ${aside} now.\n`);
    const unasked = workspace.cluster.nodes.length - memories.length;
    return unasked > 0 ? 4 : 0;
  });
}

/** A state that is damaged may be made again; one that only cannot be opened here and now (sealed, newer) is a good one. */
async function readIfWhole(workspace: Workspace): Promise<State | null> {
  try {
    return await workspace.store.read();
  } catch (error) {
    const isDamaged = error instanceof StateError && ['state-corrupt', 'state-edited'].includes(error.code);
    if (isDamaged) return null;
    throw error;
  }
}

/** Adds what the cluster's copy still knows; without one that is whole, what the hosts say is all there is. */
async function complete(workspace: Workspace, observed: Observed, rebuilt: State): Promise<State> {
  const serial = newestCopy(workspace.cluster, observed, rebuilt.clusterId)?.serial ?? 0;
  const state = { ...rebuilt, serial: Math.max(rebuilt.serial, serial) };
  const server = answeringServer(workspace.cluster, observed);
  if (server === null) return state;
  try {
    const copy = await fetchCopy(workspace, server);
    return copy === null ? state : completeFromCopy(state, parseStateDocument(copy.text, COPY_NAME));
  } catch (error) {
    if (!(error instanceof Rke2ctlError)) throw error;
    process.stderr.write(`The copy in the cluster is of no use: ${error.message}\n`);
    return state;
  }
}

async function readMemories(workspace: Workspace, observed: Observed): Promise<readonly HostMemory[]> {
  const memories = workspace.cluster.nodes.map(async (node): Promise<readonly HostMemory[]> => {
    const facts = factsOf(observed, node.key);
    if (facts === null) return [];
    const host = workspace.sessions.get(node.key);
    const secret = async (path: string) => {
      const text = await readFile(host, path);
      return text === null ? null : new Secret(text.trim());
    };
    const config = await readFile(host, CONFIG_PATH);
    return [
      {
        node,
        facts,
        serverToken: await secret(SERVER_TOKEN_PATH),
        agentToken: await secret(AGENT_TOKEN_PATH),
        joinsServer: config === null ? null : /^server:/m.test(config),
        manifests: await readManifests(host, facts),
      },
    ];
  });
  return (await Promise.all(memories)).flat();
}

/** Our manifests on a host, by name. */
async function readManifests(host: Host, { rke2 }: HostFacts): Promise<Record<string, string>> {
  const names = Object.keys(rke2.files).flatMap((path) => {
    const name = manifestNameOf(path);
    return name === null ? [] : [[name, path] as const];
  });
  const texts = names.map(async ([name, path]) => [name, (await readFile(host, path)) ?? ''] as const);
  return Object.fromEntries(await Promise.all(texts));
}

function stateIsThere(path: string): StateError {
  return new StateError({
    code: 'state-present',
    message: `${path} is there and can be read: there is nothing to make again.`,
    hint: 'If it is the wrong one, `rke2ctl state rebuild --force` puts it aside first.',
  });
}
