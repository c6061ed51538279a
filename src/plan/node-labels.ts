import type { ClusterNode, Taint } from '../domain/cluster.ts';
import type { ApiNode } from '../domain/observed.ts';
import type { NodeRecord } from '../domain/state.ts';
import { nodeTaints, taintId } from '../render/node-taints.ts';
import { isServer } from '../rke2/roles.ts';
import { type AskedMarks, askedMarks } from './asked-before.ts';
import { findNode } from './list-nodes.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** What is to be set on a Node through the API and taken from it, as a `label-node` step takes it. */
export interface MarkChanges {
  readonly labels: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] };
  readonly taints: { readonly set: readonly Taint[]; readonly remove: readonly Taint[] };
}

export interface MarkInput {
  readonly spec: ClusterNode;
  readonly record: NodeRecord;
  /** The Node as the API has it. */
  readonly node: ApiNode;
  readonly asked: AskedMarks | null;
  readonly keepDrift: boolean;
}

/**
 * The labels and taints that a member's Node must get or lose so that it has what the file says; null where nothing
 * differs, and for a node that has not joined (it registers with them), is to join anew, or has no Node. Of what is on
 * the Node only that is taken away which we set, and the label of a role that a server no longer has.
 */
export function compareLabels(
  input: Pick<UpInput, 'observed' | 'state' | 'keepDrift'>,
  { desired, record }: Pick<NodeWork, 'desired' | 'record'>,
): MarkChanges | null {
  if (record?.phase !== 'joined') return null;
  const node = findNode(input.observed, desired.planned.name) ?? null;
  if (node === null) return null;
  const { spec } = desired;
  const asked = askedMarks(input.state, spec);
  return compareMarks({ spec, record, node, asked, keepDrift: input.keepDrift ?? false });
}

/** The same for one Node that is there. */
export function compareMarks(input: MarkInput): MarkChanges | null {
  const labels = compareNodeLabels(input);
  const taints = compareNodeTaints(input);
  const size = [Object.keys(labels.set), labels.remove, taints.set, taints.remove].map((list) => list.length);
  return size.every((each) => each === 0) ? null : { labels, taints };
}

/** Labels of ours that somebody took away or changed on the Node, while the file still asks for the same. */
export function driftedLabels({ spec, record, node, asked }: MarkInput): readonly string[] {
  return Object.entries(spec.labels).flatMap(([key, value]) => {
    const isOurs = record.labels?.includes(key) === true && asked?.labels.get(key) === value;
    return isOurs && node.labels[key] !== value ? [key] : [];
  });
}

/** The same of taints. The one that follows from a server's roles is ours whatever the file says. */
export function driftedTaints({ spec, record, node, asked }: MarkInput): readonly Taint[] {
  return nodeTaints(spec).filter((taint) => {
    const id = taintId(taint);
    const isAsked = asked?.taints.get(id) === taint.value || !spec.taints.includes(taint);
    return record.taints?.includes(id) === true && isAsked && !hasTaint(node, taint);
  });
}

function compareNodeLabels(input: MarkInput): MarkChanges['labels'] {
  const { spec, record, node } = input;
  const left = new Set(input.keepDrift ? driftedLabels(input) : []);
  const set = Object.entries(spec.labels).filter(
    ([key, value]) => node.labels[key] !== value && !left.has(key),
  );
  const ours = [...(record.labels ?? []), ...formerRoleLabels(spec)];
  const remove = ours.filter((key) => spec.labels[key] === undefined && node.labels[key] !== undefined);
  return { set: Object.fromEntries(set), remove: [...new Set(remove)].sort() };
}

function compareNodeTaints(input: MarkInput): MarkChanges['taints'] {
  const { spec, record, node } = input;
  const wanted = nodeTaints(spec);
  const left = new Set((input.keepDrift ? driftedTaints(input) : []).map(taintId));
  const ids = new Set(wanted.map(taintId));
  const ours = new Set(record.taints ?? []);
  return {
    set: wanted.filter((taint) => !hasTaint(node, taint) && !left.has(taintId(taint))),
    remove: node.taints
      .filter((taint) => ours.has(taintId(taint)) && !ids.has(taintId(taint)))
      .map((taint) => ({ ...taint, effect: taint.effect as Taint['effect'] })),
  };
}

function hasTaint(node: ApiNode, taint: Taint): boolean {
  return node.taints.some((present) => taintId(present) === taintId(taint) && present.value === taint.value);
}

/** RKE2 sets these labels on a server and never takes them away again when the server loses the role. */
function formerRoleLabels({ roles }: ClusterNode): readonly string[] {
  if (!isServer(roles)) return [];
  return [
    ...(roles.includes('controlplane') ? [] : ['node-role.kubernetes.io/control-plane']),
    ...(roles.includes('etcd') ? [] : ['node-role.kubernetes.io/etcd']),
  ];
}
