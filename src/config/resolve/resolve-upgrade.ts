import type { UpgradeStrategy } from '../../domain/cluster.ts';
import { DEFAULTS } from '../defaults.ts';
import type { ClusterInput } from '../keys/cluster.ts';

/** How nodes are taken out of service, with what the file leaves out. */
export function resolveUpgrade({ upgrade_strategy: input }: ClusterInput): UpgradeStrategy {
  const { upgrade } = DEFAULTS;
  const drain = input?.node_drain_input;
  return {
    maxUnavailableWorker: String(input?.max_unavailable_worker ?? upgrade.maxUnavailableWorker),
    maxUnavailableControlplane: String(
      input?.max_unavailable_controlplane ?? upgrade.maxUnavailableControlplane,
    ),
    drain: input?.drain ?? upgrade.drain,
    drainInput: {
      force: drain?.force ?? upgrade.drainInput.force,
      ignoreDaemonsets: drain?.ignore_daemonsets ?? upgrade.drainInput.ignoreDaemonsets,
      deleteEmptydir: drain?.delete_local_data ?? upgrade.drainInput.deleteEmptydir,
      gracePeriodSeconds: drain?.grace_period ?? upgrade.drainInput.gracePeriodSeconds,
      timeoutSeconds: drain?.timeout ?? upgrade.drainInput.timeoutSeconds,
    },
  };
}
