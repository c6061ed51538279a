import { checkAddressRanges } from './address-ranges.ts';
import { checkClusterDns } from './cluster-dns.ts';
import { checkInstallChoices } from './install-choices.ts';
import { checkKubeconfigMode } from './kubeconfig-mode.ts';
import { checkLabels } from './labels.ts';
import { checkNodeDuplicates } from './node-duplicates.ts';
import { checkNodeNames } from './node-names.ts';
import { checkNodeRke2 } from './node-rke2.ts';
import { checkRegistries } from './registries.ts';
import { checkRke2Combinations } from './rke2-combinations.ts';
import { checkRke2Values } from './rke2-values.ts';
import { checkRoleCounts } from './role-counts.ts';
import { checkRoles } from './roles.ts';
import type { Rule } from './rule.ts';
import { checkSecretSources } from './secret-sources.ts';
import { checkServiceRangeTwice } from './service-range-twice.ts';
import { checkSharedAddresses } from './shared-address.ts';
import { checkTaints } from './taints.ts';

/** Every rule between keys of cluster.yml. */
export const RULES: readonly Rule[] = [
  checkNodeDuplicates,
  checkSharedAddresses,
  checkNodeNames,
  checkRoles,
  checkRoleCounts,
  checkLabels,
  checkTaints,
  checkAddressRanges,
  checkServiceRangeTwice,
  checkClusterDns,
  checkInstallChoices,
  checkRegistries,
  checkKubeconfigMode,
  checkRke2Values,
  checkRke2Combinations,
  checkSecretSources,
  checkNodeRke2,
];
