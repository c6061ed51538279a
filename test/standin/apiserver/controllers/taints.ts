import { recordsAt, stringMapAt, textAt } from '../json-path.ts';
import type { KubeObject } from '../kube-object.ts';

/** One entry of a node's `spec.taints`. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

/** A Pod's toleration. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

/** A node's taints. */
export function taintsOf(node: KubeObject): readonly Taint[] {
  return recordsAt(node, 'spec.taints').map((taint) => taint as unknown as Taint);
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key === '') return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
}

/** True when no taint with one of these effects keeps a Pod with these tolerations away. */
export function toleratesNode(
  tolerations: readonly Toleration[],
  node: KubeObject,
  effects: readonly string[],
): boolean {
  const hard = taintsOf(node).filter((taint) => effects.includes(taint.effect));
  return hard.every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)));
}

/** The tolerations at a path of an object. */
export function tolerationsAt(source: unknown, path: string): readonly Toleration[] {
  return recordsAt(source, path).map((toleration) => toleration as Toleration);
}

/** True when the node has every label of a Pod's nodeSelector (`path` leads to it). */
export function matchesNodeSelector(source: unknown, path: string, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  return Object.entries(stringMapAt(source, path)).every(([key, value]) => labels[key] === value);
}

/** True for the Pod that stands for a static one on a host; only that host's kubelet deals with it. */
export function isMirrorPod(pod: KubeObject): boolean {
  return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

/** The node that a Pod is bound to; empty while it is not. */
export function nodeNameOf(pod: KubeObject): string {
  return textAt(pod, 'spec.nodeName');
}
