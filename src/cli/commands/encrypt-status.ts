import type { ExitCode } from '../../domain/errors.ts';
import type { EncryptionKey, EncryptionStatus, StoredSecrets } from '../../domain/secrets-encryption.ts';
import { countStoredSecrets, readEncryptionStatus } from '../../host/secrets-encryption.ts';
import { type EncryptionReport, renderEncryption } from '../../ui/encryption-view.ts';
import type { CommonFlags } from '../flags.ts';
import { readKnownNodes } from '../nodes/known-nodes.ts';
import { type NodeOutcome, onNodes } from '../nodes/on-nodes.ts';
import { type SelectedNode, selectNodes } from '../nodes/select-nodes.ts';
import { tellAbsence } from '../nodes/tell-absence.ts';
import { outputStyle } from '../output-style.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/**
 * `rke2ctl encrypt status`: with which key each control plane encrypts Secrets, and how they lie in etcd. Changes nothing.
 * Exit 4 when encryption is off, servers differ or do not answer, a rotation is halfway, or a Secret lies otherwise.
 */
export function encryptStatus(flags: CommonFlags): Promise<ExitCode> {
  const options = { command: 'encrypt status', flags, locks: false, stopping: null } as const;
  return withWorkspace(options, async (workspace) => {
    const { cluster, connect, connectWindow, signals, store } = workspace;
    const signal = signals.stop;
    const selected = selectNodes([], cluster, await readKnownNodes(store));
    const planes = selected.filter(({ node }) => node.roles.includes('controlplane'));
    const call = { dataDir: cluster.dataDir, signal };
    const outcomes = await onNodes(
      planes,
      { connect, window: connectWindow, signal },
      ({ host }, { label }) => tellAbsence(label, readEncryptionStatus(host, call)),
    );
    if (signal.aborted) return 130;
    const active = outcomes.find(({ value }) => value !== null)?.value?.active ?? null;
    const report = reportOf(outcomes, await lookIntoEtcd(active, selected, workspace));
    process.stdout.write(
      flags.output === 'json' ? `${JSON.stringify(report)}\n` : renderEncryption(report, outputStyle()),
    );
    return report.problems.length === 0 ? 0 : 4;
  });
}

/** By the first etcd node that answers; null where none does, or the datastore is not the cluster's own. */
async function lookIntoEtcd(
  active: EncryptionKey | null,
  selected: readonly SelectedNode[],
  { cluster, connect, signals }: Workspace,
): Promise<StoredSecrets | null> {
  if (active === null || cluster.externalDatastore) return null;
  const call = { dataDir: cluster.dataDir, signal: signals.stop };
  for (const each of selected.filter(({ node }) => node.roles.includes('etcd'))) {
    const [outcome] = await onNodes([each], { connect, window: 1, signal: signals.stop }, ({ host }) =>
      countStoredSecrets(host, active, call),
    );
    if (outcome?.value != null) return outcome.value;
  }
  return null;
}

function reportOf(
  outcomes: readonly NodeOutcome<EncryptionStatus>[],
  stored: StoredSecrets | null,
): EncryptionReport {
  const servers = outcomes.map(({ label, value, failure }) => ({
    node: label,
    status: value,
    failure: failure?.message ?? null,
  }));
  const statuses = outcomes.flatMap(({ value }) => value ?? []);
  const stages = [...new Set(statuses.map(({ stage }) => stage))];
  const isHalfway = stages.find((stage) => !['start', 'reencrypt_finished', ''].includes(stage));
  const problems = [
    ...servers.flatMap(({ node, failure }) =>
      failure === null ? [] : [`${node} gave no answer: ${failure}`],
    ),
    ...(statuses.some(({ enabled }) => !enabled)
      ? ['Secrets are not encrypted: `rke2 secrets-encrypt enable` on a server turns that on']
      : []),
    ...new Set(statuses.flatMap(({ difference }) => difference ?? [])),
    ...(isHalfway === undefined ? [] : [`a rotation is halfway, at the stage ${isHalfway}`]),
    ...(stored !== null && stored.otherwise > 0
      ? [`${stored.otherwise} Secrets in etcd are stored with another key, or in the clear`]
      : []),
  ];
  return { servers, stored, problems };
}
