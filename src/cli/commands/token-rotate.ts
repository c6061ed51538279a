import { randomBytes } from 'node:crypto';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Plan } from '../../domain/plan.ts';
import type { State } from '../../domain/state.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { members } from '../../plan/maintenance/members.ts';
import { planTokenRotate } from '../../plan/maintenance/token-rotate.ts';
import { createTokens } from '../../state/create-state.ts';
import type { MaintenanceFlags } from '../flags.ts';
import { apiText, nodesText, restartingNodes } from '../restart-words.ts';
import { runMaintenance } from '../run-maintenance.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl token rotate`: new server and agent tokens; the old server token is kept, as older snapshots need it. */
export function tokenRotate(flags: MaintenanceFlags): Promise<ExitCode> {
  return runMaintenance(
    {
      verb: 'token rotate',
      asked: null,
      settle: (_asked, _scene, workspace) => refuseForeignData(workspace),
      begin: withNextTokens,
      plan: planTokenRotate,
      explain,
      conclude: () => ({
        words:
          'The new tokens are in force on every node, and every Node is Ready. The state keeps the old server token for snapshots of before.',
      }),
      writesFiles: true,
    },
    flags,
  );
}

/** Which token opens the bootstrap data is asked of RKE2's own etcd. */
function refuseForeignData({ cluster }: Workspace): Record<string, never> {
  if (!cluster.externalDatastore) return {};
  throw new Rke2ctlError({
    code: 'no-own-etcd',
    message:
      'This cluster keeps its data in an external datastore, and there rke2ctl cannot see which token is in force; a rotation that was cut off could not go on safely. Nothing was done.',
    hint: 'Rotate it by hand as RKE2 documents it (`rke2 token rotate` on a server, then the new token in every node’s files).',
    exitCode: 3,
  });
}

/** They are made once: whoever goes on brings in those that the state holds. */
function withNextTokens(state: State): State {
  if (state.secrets.next !== undefined) return state;
  return { ...state, secrets: { ...state.secrets, next: createTokens(randomBytes) } };
}

function explain(input: MaintenanceInput, plan: Plan): readonly string[] {
  const { servers } = members(input);
  const nodes = restartingNodes(plan);
  const copies = 'Snapshots of before go on needing the old token, which the state keeps.';
  return [
    `The server token and the agent token are replaced on ${nodesText(nodes)}: every service restarts, one server after the other; pods keep running.`,
    apiText(servers, nodes),
    copies,
  ];
}
