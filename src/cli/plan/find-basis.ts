import { clusterBasis, hostsBasis, type PlanBasis } from '../../plan/plan-basis.ts';
import { parseStateDocument } from '../../state/state-document.ts';
import { packageVersion } from '../installation.ts';
import type { PreparedUp } from '../prepare-up.ts';
import type { Workspace } from '../workspace.ts';

/** What a plan that was just made follows from. */
export async function findBasis(
  { cluster, store, paths }: Workspace,
  { observed, stored }: PreparedUp,
): Promise<PlanBasis> {
  const key = stored?.secrets.serverToken.reveal() ?? null;
  const document = stored === null ? null : parseStateDocument(await store.text(), paths.state);
  return {
    rke2ctl: packageVersion(),
    cluster: clusterBasis(cluster, key),
    state:
      document === null
        ? null
        : { clusterId: document.clusterId, serial: document.serial, checksum: document.checksum },
    hosts: hostsBasis(observed, key),
  };
}
