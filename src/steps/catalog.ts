import type { StepKind } from '../domain/plan.ts';
import { awaitCharts } from './await-charts.ts';
import { awaitDns } from './await-dns.ts';
import { changeEncryptionKeys } from './change-encryption-keys.ts';
import { checkPorts } from './check-ports.ts';
import { claim } from './claim.ts';
import { copyState } from './copy-state.ts';
import { defragment } from './defragment.ts';
import { deleteAddon } from './delete-addon.ts';
import { drain } from './drain.ts';
import { dropPrevious } from './drop-previous.ts';
import { endOperation } from './end-operation.ts';
import { fetchSnapshots } from './fetch-snapshots.ts';
import { forgetState } from './forget-state.ts';
import { install } from './install.ts';
import { keepPrevious } from './keep-previous.ts';
import { labelNode } from './label-node.ts';
import { leaveCluster } from './leave-cluster.ts';
import { moveDatabase } from './move-database.ts';
import { openFirewall } from './open-firewall.ts';
import { placeSnapshot } from './place-snapshot.ts';
import { prepareHost } from './prepare-host.ts';
import { pruneNodes } from './prune-nodes.ts';
import { resetEtcd } from './reset-etcd.ts';
import { restorePrevious } from './restore-previous.ts';
import { rotateAuthorities } from './rotate-authorities.ts';
import { rotateCertificates } from './rotate-certificates.ts';
import { rotateToken } from './rotate-token.ts';
import { saveSnapshot } from './save-snapshot.ts';
import { setTtl } from './set-ttl.ts';
import { stageArtifacts } from './stage-artifacts.ts';
import { startService } from './start-service.ts';
import type { StepHandler } from './step-handler.ts';
import { stopService } from './stop-service.ts';
import { uncordon } from './uncordon.ts';
import { uninstall } from './uninstall.ts';
import { verifyAddons } from './verify-addons.ts';
import { verifyCertificates } from './verify-certificates.ts';
import { verifyEncryption } from './verify-encryption.ts';
import { verifyNodes } from './verify-nodes.ts';
import { writeNodeFiles } from './write-files.ts';
import { writeKubeconfig } from './write-kubeconfig.ts';

/** Every kind of step with its handler; a kind without one does not compile. */
export const CATALOG: { readonly [K in StepKind]: StepHandler<K> } = {
  claim,
  'set-ttl': setTtl,
  'stage-artifacts': stageArtifacts,
  install,
  'keep-previous': keepPrevious,
  'restore-previous': restorePrevious,
  'drop-previous': dropPrevious,
  'prepare-host': prepareHost,
  'open-firewall': openFirewall,
  'check-ports': checkPorts,
  'write-files': writeNodeFiles,
  'start-service': startService,
  'verify-nodes': verifyNodes,
  'delete-addon': deleteAddon,
  'verify-addons': verifyAddons,
  'write-kubeconfig': writeKubeconfig,
  'copy-state': copyState,
  'fetch-snapshots': fetchSnapshots,
  uninstall,
  'save-snapshot': saveSnapshot,
  drain,
  uncordon,
  'leave-cluster': leaveCluster,
  'label-node': labelNode,
  'await-charts': awaitCharts,
  'await-dns': awaitDns,
  'forget-state': forgetState,
  'stop-service': stopService,
  'rotate-certificates': rotateCertificates,
  'verify-certificates': verifyCertificates,
  'rotate-token': rotateToken,
  'change-encryption-keys': changeEncryptionKeys,
  'verify-encryption': verifyEncryption,
  'place-snapshot': placeSnapshot,
  'reset-etcd': resetEtcd,
  'move-database': moveDatabase,
  'prune-nodes': pruneNodes,
  defragment,
  'rotate-authorities': rotateAuthorities,
  'end-operation': endOperation,
};
