import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { primaryCni } from '../resolve/resolve-network.ts';

/** The cluster's DNS and metrics-server: what RKE2's charts do not have, and settings of what is not there. */
export function checkDns(draft: ClusterDraft): readonly Finding[] {
  return [...checkProvider(draft), ...checkStrategy(draft), ...checkCache(draft), ...checkMonitoring(draft)];
}

function checkProvider({ dns }: ClusterDraft): readonly Finding[] {
  if (dns?.provider === 'kube-dns') {
    return [
      findingAt(['dns', 'provider'], {
        code: 'dns-kube-dns',
        severity: 'warning',
        message:
          'RKE2 has no kube-dns; CoreDNS takes its place at the same address, and serves the stub domains, too.',
        hint: 'Write `provider: coredns`, or leave the key out.',
      }),
    ];
  }
  const isUnused = dns?.provider === 'none' && Object.keys(dns).length > 1;
  return isUnused ? [unused('dns', 'CoreDNS')] : [];
}

function checkMonitoring({ monitoring }: ClusterDraft): readonly Finding[] {
  const isUnused = monitoring?.provider === 'none' && Object.values(monitoring).some(isSet);
  return isUnused ? [unused('monitoring', 'metrics-server')] : [];
}

/** Whether a value beside the provider says anything; RKE1's questionnaire wrote empty ones. */
function isSet(value: unknown): boolean {
  if (value === 'none' || value === undefined) return false;
  return typeof value !== 'object' || value === null || Object.values(value).some(isSet);
}

function unused(section: string, name: string): Finding {
  return findingAt(
    [section],
    {
      code: 'settings-unused',
      severity: 'warning',
      message: `With \`provider: none\` there is no ${name}; the other keys of \`${section}\` have no effect.`,
      hint: 'Leave them out.',
    },
    'key',
  );
}

function checkStrategy({ dns }: ClusterDraft): readonly Finding[] {
  if (dns?.update_strategy?.strategy !== 'Recreate') return [];
  return [
    findingAt(['dns', 'update_strategy', 'strategy'], {
      code: 'dns-strategy',
      severity: 'warning',
      message:
        'RKE2’s chart always replaces CoreDNS’ pods one after the other, so that names are found meanwhile; `Recreate` has no effect.',
      hint: 'Leave the key out.',
    }),
  ];
}

/** Cilium in kube-proxy's place leads DNS past the cache unless the cache is set up for it. */
function checkCache(draft: ClusterDraft): readonly Finding[] {
  const { dns, network } = draft;
  const isWithout =
    draft.rke2?.server?.['disable-kube-proxy'] === true && primaryCni(network?.plugin) === 'cilium';
  const values = draft.chart_values?.['rke2-coredns'];
  if (dns?.nodelocal?.ip_address === undefined || !isWithout || values !== undefined) return [];
  return [
    findingAt(['dns', 'nodelocal'], {
      code: 'dns-cache-cilium',
      severity: 'warning',
      message: 'Where Cilium takes kube-proxy’s place, nothing leads to the nodes’ DNS cache by itself.',
      hint: 'Add `chart_values: {rke2-coredns: {nodelocal: {use_cilium_lrp: true}}, rke2-cilium: {localRedirectPolicies: {enabled: true}}}`.',
    }),
  ];
}
