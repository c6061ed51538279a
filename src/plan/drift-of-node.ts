import type { Drift } from '../domain/plan.ts';
import { taintId, taintText } from '../render/node-taints.ts';
import { askedMarks } from './asked-before.ts';
import { comesBack } from './comes-back.ts';
import { findNode } from './list-nodes.ts';
import { driftedLabels, driftedTaints, type MarkInput } from './node-labels.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** What is otherwise of a member in the cluster's API than we left it: its Node, labels, taints. */
export function driftOfNode(input: UpInput, { desired, facts, record, changes }: NodeWork): readonly Drift[] {
  const { spec, planned } = desired;
  const { name } = planned;
  const node = findNode(input.observed, name);
  if (record === null || node === undefined) return [];
  if (node === null) {
    if (changes.start === 'stopped') return [];
    const mended = comesBack(desired, facts);
    const way = mended ? 'it registers again when its service restarts' : foundersWay(name);
    const message = `its Node was deleted from the cluster${mended ? '' : ', and with it its etcd member'}: ${way}`;
    return [{ node: name, kind: 'node-gone', subject: name, message, mended }];
  }
  const asked = askedMarks(input.state, spec);
  const marks: MarkInput = { spec, record, node, asked, keepDrift: false };
  const labels = driftedLabels(marks).map((key): Drift => {
    const now = node.labels[key];
    const was = now === undefined ? 'was taken from its Node' : `is ${now} on its Node`;
    const message = `the label ${key} ${was}, and is ${spec.labels[key]} in the file`;
    return { node: name, kind: 'label', subject: key, message, mended: true };
  });
  const taints = driftedTaints(marks).map((taint): Drift => {
    const isThere = node.taints.some((present) => taintId(present) === taintId(taint));
    const was = isThere ? 'has another value on its Node' : 'was taken from its Node';
    const message = `the taint ${taintText(taint)} ${was}`;
    return { node: name, kind: 'taint', subject: taintId(taint), message, mended: true };
  });
  return [...labels, ...taints];
}

/** The one server whose config names nobody to join: with its member gone, RKE2 there finds a tombstone and does not start. */
function foundersWay(name: string): string {
  return `take ${name} out of the file, run \`rke2ctl up\`, and put it back to let it join anew`;
}
