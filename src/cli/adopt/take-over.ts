import { randomBytes } from 'node:crypto';
import { defaultDns } from '../../config/adopt/draft-cluster.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { ConnectError, Rke2ctlError } from '../../domain/errors.ts';
import type { RunResult } from '../../domain/event.ts';
import type { Observed } from '../../domain/observed.ts';
import type { Plan } from '../../domain/plan.ts';
import { Secret } from '../../domain/secret.ts';
import type { State } from '../../domain/state.ts';
import { type Adoption, adoptCluster, adoptionPlan, upInput } from '../../plan/adopt-cluster.ts';
import { planUp } from '../../plan/plan-up.ts';
import { factsOf } from '../../render/desired-node.ts';
import { createState } from '../../state/create-state.ts';
import { executePlan } from '../execute-plan.ts';
import type { Workspace } from '../workspace.ts';
import type { FoundCluster } from './find-cluster.ts';
import { writeClusterFiles } from './write-cluster-files.ts';

const MARKER_TIMEOUT_MS = 120_000;

/** What `up` would do after the adoption, and what differs. */
export interface Outlook {
  readonly adoption: Adoption;
  readonly plan: Plan;
  readonly differences: readonly Diagnostic[];
}

/** The state and plan of an adoption, from what was found; `observed` is the latest look at the hosts. */
export function foreseeAdoption(found: FoundCluster, observed: Observed, hasKubeconfig: boolean): Outlook {
  const { draft, members, tokens, version } = found;
  const adoption = adoptCluster({
    cluster: draft.cluster,
    observed,
    members: members.map((member) => ({
      ...member,
      facts: factsOf(observed, member.spec.key) ?? member.facts,
    })),
    version,
    caHash: tokens.caHash,
    fresh: freshState(found),
    defaultDns,
  });
  const plan = planUp(upInput(adoption.input, hasKubeconfig));
  return { adoption, plan, differences: adoption.differences };
}

/** A new identity around the tokens that the cluster has. */
function freshState({ draft, tokens }: FoundCluster): State {
  const state = createState(draft.cluster.name, randomBytes);
  return {
    ...state,
    secrets: {
      serverToken: new Secret(tokens.serverPassword),
      agentToken: new Secret(tokens.agentPassword),
    },
  };
}

/**
 * Takes the cluster over, with every lock held: cluster.yml and the files beside it, then the state, then the markers on
 * the hosts. Cut off after the state, `up` brings it to its end; before that, `adopt` begins anew.
 */
export async function takeOver(
  workspace: Workspace,
  found: FoundCluster,
  source: { readonly file: string; readonly original: string | null },
): Promise<{ readonly result: RunResult; readonly outlook: Outlook }> {
  const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
  refuseMoved(found, observed);
  const outlook = foreseeAdoption(found, observed, await workspace.operator.hasKubeconfig());
  const plan = adoptionPlan(outlook.plan);
  await writeClusterFiles(source.file, found.draft, source.original);
  const { state, input } = outlook.adoption;
  await workspace.store.write(state);
  workspace.emit({ type: 'planned', plan });
  const result = await executePlan(workspace, plan, {
    concurrency: 30,
    timeoutMs: MARKER_TIMEOUT_MS,
    artifact: (name) => ({ source: name }),
    input,
    state: await stored(workspace, state),
  });
  return { result, outlook };
}

/** With the serial that the store has given it. */
async function stored({ store }: Workspace, state: State): Promise<State> {
  return (await store.read()) ?? state;
}

/** Between the two looks somebody else may have been at work. */
function refuseMoved({ members }: FoundCluster, observed: Observed): void {
  for (const { spec, facts: before, files } of members) {
    const host = observed.hosts[spec.key];
    if (host === undefined || !host.reachable) {
      throw new ConnectError({
        code: 'adopt-unreachable',
        message: `${host?.error.message ?? `${spec.key} does not answer any more.`} Nothing was changed or written.`,
        hint: host?.error.hint ?? 'Run `rke2ctl adopt` again when it answers.',
        exitCode: 4,
      });
    }
    const { facts } = host;
    const isSame =
      facts.machineId === before.machineId &&
      facts.rke2.marker === null &&
      files.config.every(({ path, sha256 }) => facts.rke2.files[path]?.sha256 === sha256);
    if (!isSame) throw moved(spec.key);
  }
}

function moved(key: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'adopt-moved',
    message: `${key} was changed by somebody else while it was looked at; nothing was changed or written.`,
    hint: 'See who works on it, then run `rke2ctl adopt` again.',
  });
}
