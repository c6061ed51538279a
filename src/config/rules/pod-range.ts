import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import type { Cidr } from '../ip.ts';
import { listFlags } from '../list-flags.ts';
import { primaryCni } from '../resolve/resolve-network.ts';
import { POD_PATH, readNetworks } from './networks.ts';

/** What the controller manager cuts out for each node, unless told otherwise. */
const NODE_MASKS = { 4: 24, 6: 64 } as const;

/** Every node gets its own piece of the pods' network: there must be as many pieces as nodes. */
export function checkPodRange(draft: ClusterDraft): readonly Finding[] {
  const { pods } = readNetworks(draft);
  const { network } = draft;
  const isUnknown = network && 'plugin' in network && network.plugin === undefined;
  // Calico hands out smaller pieces by itself, and an own plugin does as it likes.
  if (pods === null || isUnknown || ['calico', 'none'].includes(primaryCni(network?.plugin))) return [];
  const nodes = (draft.nodes ?? []).length;
  return pods.flatMap((cidr) => checkRange(cidr, nodes, draft));
}

function checkRange(cidr: Cidr, nodes: number, draft: ClusterDraft): readonly Finding[] {
  const mask = readMask(cidr, draft);
  if (mask === null) return [];
  const pieces = mask < cidr.prefix ? 0 : 2 ** Math.min(mask - cidr.prefix, 40);
  if (pieces >= nodes && pieces > 0) return [];
  const isWritten = draft.services?.['kube-controller']?.cluster_cidr !== undefined;
  const message =
    pieces === 0
      ? `The pods' network ${cidr.text} is smaller than the piece /${mask} that each node gets of it.`
      : `The pods' network ${cidr.text} has ${pieces} pieces of size /${mask}, one for each node; there are ${nodes} nodes. The last ones would never be ready.`;
  const larger = cidr.family === 4 ? suggestRange(mask, nodes) : 'fd00:42::/48';
  return [
    findingAt(isWritten ? POD_PATH : ['nodes'], {
      code: 'pod-range-small',
      message,
      hint: `Write a larger \`services.kube-controller.cluster_cidr\`, such as ${larger}, or smaller pieces: \`services.kube-controller.extra_args: {node-cidr-mask-size: "${cidr.family === 4 ? 25 : 72}"}\`. Neither can be changed later.`,
    }),
  ];
}

/** Room for twice the nodes, away from the usual network of the services. */
function suggestRange(mask: number, nodes: number): string {
  const bits = Math.ceil(Math.log2(Math.max(nodes, 2) * 2));
  return `10.64.0.0/${Math.min(Math.max(mask - bits, 10), 16)}`;
}

/** null when the file says something that cannot be understood. */
function readMask({ family }: Cidr, draft: ClusterDraft): number | null {
  const names = ['node-cidr-mask-size', `node-cidr-mask-size-ipv${family}`];
  const flag = listFlags(draft).findLast(
    ({ component, name }) => component === 'kube-controller-manager' && names.includes(name),
  );
  if (flag === undefined) return NODE_MASKS[family];
  const mask = Number(flag.value);
  return Number.isInteger(mask) && mask > 0 ? mask : null;
}
