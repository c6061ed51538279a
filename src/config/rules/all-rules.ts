import { checkAddons } from './addons.ts';
import { checkAddressRanges } from './address-ranges.ts';
import { checkAdmission } from './admission.ts';
import { checkAuditLog } from './audit-log.ts';
import { checkAuthenticationWebhook } from './authentication-webhook.ts';
import { checkOwnCas } from './certificates.ts';
import { checkChartValues } from './chart-values.ts';
import { checkCharts } from './charts.ts';
import { checkCloudProvider } from './cloud-provider.ts';
import { checkClusterDns } from './cluster-dns.ts';
import { checkCniHardening } from './cni-hardening.ts';
import { checkComponentFlags } from './component-flags.ts';
import { checkDatastore } from './datastore.ts';
import { checkDns } from './dns.ts';
import { checkEndpoint } from './endpoint.ts';
import { checkExtraBinds } from './extra-binds.ts';
import { checkFollow } from './follow.ts';
import { checkIngress } from './ingress.ts';
import { checkInstallChoices } from './install-choices.ts';
import { checkKubeProxy } from './kube-proxy.ts';
import { checkKubeconfigMode } from './kubeconfig-mode.ts';
import { checkKubernetesVersion } from './kubernetes-version.ts';
import { checkLabels } from './labels.ts';
import { checkNetworkOptions } from './network-options.ts';
import { checkNodeDuplicates } from './node-duplicates.ts';
import { checkNodeNames } from './node-names.ts';
import { checkNodeRke2 } from './node-rke2.ts';
import { checkPems } from './pem.ts';
import { checkPodRange } from './pod-range.ts';
import { checkPrivateRegistries } from './private-registries.ts';
import { checkProxy } from './proxy.ts';
import { checkRegistries } from './registries.ts';
import { checkRke2Combinations } from './rke2-combinations.ts';
import { checkRke2Values } from './rke2-values.ts';
import { checkRoleCounts } from './role-counts.ts';
import { checkRoles } from './roles.ts';
import type { Rule } from './rule.ts';
import { checkS3 } from './s3.ts';
import { checkSecretSources } from './secret-sources.ts';
import { checkServiceRangeTwice } from './service-range-twice.ts';
import { checkSharedAddresses } from './shared-address.ts';
import { checkSnapshots } from './snapshots.ts';
import { checkTaints } from './taints.ts';
import { checkTtl } from './ttl.ts';

/** Every rule between keys of cluster.yml. */
export const RULES: readonly Rule[] = [
  checkKubernetesVersion,
  checkNodeDuplicates,
  checkSharedAddresses,
  checkNodeNames,
  checkFollow,
  checkRoles,
  checkRoleCounts,
  checkLabels,
  checkTaints,
  checkEndpoint,
  checkAddressRanges,
  checkServiceRangeTwice,
  checkClusterDns,
  checkInstallChoices,
  checkPrivateRegistries,
  checkRegistries,
  checkKubeconfigMode,
  checkAddons,
  checkProxy,
  checkRke2Values,
  checkRke2Combinations,
  checkSecretSources,
  checkNodeRke2,
  checkComponentFlags,
  checkExtraBinds,
  checkSnapshots,
  checkS3,
  checkDatastore,
  checkPems,
  checkOwnCas,
  checkAuditLog,
  checkAdmission,
  checkAuthenticationWebhook,
  checkNetworkOptions,
  checkKubeProxy,
  checkCniHardening,
  checkPodRange,
  checkIngress,
  checkDns,
  checkCloudProvider,
  checkCharts,
  checkChartValues,
  checkTtl,
];
