import { Rke2ctlError } from '../domain/errors.ts';
import type { Plan } from '../domain/plan.ts';
import { checkOperation } from '../plan/check-operation.ts';
import { checkQuorum } from '../plan/check-quorum.ts';
import { checkRollback } from '../plan/check-rollback.ts';
import { chooseBootstrap } from '../plan/choose-bootstrap.ts';
import { planRollback } from '../plan/plan-rollback.ts';
import type { PlanRequest } from '../plan/saved-plan.ts';
import type { UpInput } from '../plan/up-input.ts';
import { judgeFindings } from './judge-findings.ts';
import type { PreparedUp } from './prepare-up.ts';
import type { Release } from './resolve-release.ts';
import { refuseIllState } from './state/refuse-ill-state.ts';
import type { Workspace } from './workspace.ts';

/**
 * The plan for nodes that go back to the version before an upgrade. Needs no release files: what is put back lies on the
 * hosts. Changes nothing. Throws CheckError with the reason for every node that may not go back.
 */
export async function prepareRollback(
  workspace: Workspace,
  request: PlanRequest,
): Promise<PreparedUp & { readonly isPartial: true }> {
  const { cluster } = workspace;
  const stored = await workspace.store.read();
  const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
  await refuseIllState(workspace, observed, stored);
  if (stored === null) throw noCluster();
  // What the cluster is being brought to stays as it is: the next `up` goes on with it.
  const version = stored.version ?? cluster.version ?? '';
  const bootstrapKey = chooseBootstrap(cluster, observed, stored);
  const input: UpInput = {
    cluster,
    observed,
    state: stored,
    version,
    bootstrapKey,
    artifacts: {},
    findings: [],
    kubeconfigPresent: true,
    checkPorts: false,
  };
  const found = [...workspace.findings, ...checkOperation(stored), ...checkRollback(input, request.rollback)];
  const judged = judgeFindings(found, request.ignoredChecks, workspace);
  const planned = planRollback(input, request.rollback);
  const risks = judgeFindings(
    checkQuorum(cluster, observed, stored, planned),
    request.ignoredChecks,
    workspace,
  );
  const findings = [...judged, ...risks].filter(({ severity }) => severity === 'warning');
  const plan: Plan = { ...planned, findings };
  return { observed, state: stored, stored, input, release: noRelease(version), plan, isPartial: true };
}

/** Nothing is sent to anybody. */
function noRelease(version: string): Release {
  return {
    version,
    artifacts: {},
    architectures: null,
    requiredDiskBytes: {},
    artifact: (name) => ({ source: name }),
    verify: () => Promise.resolve(),
  };
}

function noCluster(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'rollback-no-cluster',
    message: 'There is no cluster of this file yet, so no node can go back to an earlier version.',
    hint: 'Run `rke2ctl up` to make it.',
    exitCode: 3,
  });
}
