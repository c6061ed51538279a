import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { primaryCni } from '../resolve/resolve-network.ts';
import { chartValueAt } from './chart-value-at.ts';

const PATH = ['rke2', 'server', 'disable-kube-proxy'];

const CILIUM_VALUES =
  '`chart_values: {rke2-cilium: {kubeProxyReplacement: true, k8sServiceHost: localhost, k8sServicePort: 6443}}`';

/** Without kube-proxy somebody else must make Services work, and Cilium must be told that it is to. */
export function checkKubeProxy(draft: ClusterDraft): readonly Finding[] {
  const isOff = draft.rke2?.server?.['disable-kube-proxy'] === true;
  const { network } = draft;
  if (network && 'plugin' in network && network.plugin === undefined) return [];
  const cni = primaryCni(network?.plugin);
  const replaces = String(chartValueAt(draft, 'rke2-cilium', 'kubeProxyReplacement') ?? 'false');
  const isReplaced = replaces === 'true' || replaces === 'strict';
  if (isOff && (cni === 'canal' || cni === 'flannel')) {
    return [
      findingAt(PATH, {
        code: 'kube-proxy-missing',
        message: `Without kube-proxy nothing makes Services work: ${cni === 'canal' ? 'Canal' : 'Flannel'} does not take its place.`,
        hint: `Leave \`disable-kube-proxy\` out, or choose \`network.plugin: cilium\` with ${CILIUM_VALUES}.`,
      }),
    ];
  }
  if (isOff && cni === 'cilium' && !isReplaced) {
    return [
      findingAt(PATH, {
        code: 'kube-proxy-missing',
        message:
          'Without kube-proxy nothing makes Services work: Cilium takes its place only when it is told to.',
        hint: `Add ${CILIUM_VALUES}.`,
      }),
    ];
  }
  if (!isOff && cni === 'cilium' && isReplaced) {
    return [
      findingAt(['chart_values', 'rke2-cilium', 'kubeProxyReplacement'], {
        code: 'kube-proxy-twice',
        severity: 'warning',
        message: 'Cilium is to take kube-proxy’s place, but RKE2 still runs kube-proxy on every node.',
        hint: 'Set `rke2.server.disable-kube-proxy: true`.',
      }),
    ];
  }
  return [];
}
