import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { familyOf } from '../ip.ts';
import { primaryCni } from '../resolve/resolve-network.ts';
import { chartValueAt } from './chart-value-at.ts';
import { readNetworks } from './networks.ts';

/** What a CNI lacks for what else the file asks for. */
export function checkCniHardening(draft: ClusterDraft): readonly Finding[] {
  const { network } = draft;
  if (network && 'plugin' in network && network.plugin === undefined) return [];
  const cni = primaryCni(network?.plugin);
  const profile = draft.profile ?? draft.rke2?.server?.['profile'];
  const findings: Finding[] = [];
  if (cni === 'flannel' && profile === 'cis') {
    findings.push(
      findingAt(['network', 'plugin'], {
        code: 'cni-without-policies',
        severity: 'warning',
        message:
          'Flannel knows no NetworkPolicies; those that `profile: cis` makes have no effect, and the benchmark is not met.',
        hint: 'Choose `canal`, `calico` or `cilium`.',
      }),
    );
  }
  const { pods } = readNetworks(draft);
  const isSixOnly =
    pods !== null && pods.length > 0 && pods.every(({ text }) => familyOf(text.split('/')[0] ?? '') === 6);
  if (cni === 'cilium' && isSixOnly && chartValueAt(draft, 'rke2-cilium', 'autoDirectNodeRoutes') !== true) {
    findings.push(
      findingAt(['network', 'plugin'], {
        code: 'cni-ipv6-routes',
        severity: 'warning',
        message:
          'With IPv6 alone Cilium makes no tunnels: pods on different nodes reach each other only if your network routes their addresses.',
        hint: 'If the nodes are neighbours in one network, add `chart_values: {rke2-cilium: {autoDirectNodeRoutes: true}}`.',
      }),
    );
  }
  return findings;
}
