import type { Marker } from '../../domain/marker.ts';
import type { HostFacts } from '../../domain/observed.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import { type DesiredNode, desiredNode, factsOf } from '../../render/desired-node.ts';
import { installWay } from '../install-way.ts';
import { stepId } from '../step-id.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { type Draft, makeStretch, type Stretch } from './stretch.ts';

interface Goer {
  readonly desired: DesiredNode;
  readonly facts: HostFacts;
  readonly marker: Marker;
}

/** The release's files on every node that is to go back, before anything is stopped. */
export function stageRelease(
  input: MaintenanceInput,
  version: string | null,
  nodes: readonly PlannedNode[],
): readonly Stretch[] {
  return nodes.flatMap((node): Stretch[] => {
    const goer = findGoer(input, version, node);
    if (goer === null || goer.desired.tarball === null) return [];
    const { tarball, images, from } = goer.desired;
    const reason = `it goes back to ${version}`;
    const { arch } = goer.facts;
    return [makeStretch([{ kind: 'stage-artifacts', node, reason, arch, tarball, images, from }])];
  });
}

/**
 * Puts the older RKE2 onto a stopped node, or one that starts anew after it; the marker says so last, so that a run which
 * is cut off begins again. Nothing where the node has it.
 */
export function goBack(input: MaintenanceInput, version: string | null, node: PlannedNode): readonly Draft[] {
  const goer = findGoer(input, version, node);
  if (goer === null || version === null) return [];
  const { desired, facts, marker } = goer;
  const wanted = desired.images.map(({ name }) => name);
  const ours = marker.installed?.images.map(({ name }) => name) ?? [];
  const obsolete = facts.rke2.images
    .map(({ name }) => name)
    .filter((name) => ours.includes(name) && !wanted.includes(name));
  const reason = `the snapshot was taken with ${version}`;
  const { installed } = desired.marker;
  const { arch } = facts;
  const { tarball, images, from } = desired;
  const id = `stage-artifacts ${node.key} again`;
  // Unpacking takes the tarball away: a run that is cut off after it must bring it once more.
  const isBegun = input.operation.done.includes(stepId('stage-artifacts', node));
  return [
    ...(isBegun && tarball !== null
      ? [{ kind: 'stage-artifacts', id, node, reason, arch, tarball, images, from } as const]
      : []),
    { kind: 'install', node, reason, version, way: installWay(input, desired), obsolete },
    { kind: 'claim', node, reason, marker: { ...marker, version, installed }, bootstrap: false },
  ];
}

/** null: it has that version already, and its marker says so. */
function findGoer(input: MaintenanceInput, version: string | null, node: PlannedNode): Goer | null {
  const spec = input.cluster.nodes.find(({ key }) => key === node.key);
  const facts = factsOf(input.observed, node.key);
  if (version === null || spec === undefined || facts === null) return null;
  const desired = desiredNode(input, { ...spec, roles: node.roles }, facts);
  const { marker, binaries } = facts.rke2;
  const known = marker === null || marker === 'unreadable' ? desired.marker : marker;
  const isThere = known.version === version && binaries[0]?.version === version;
  return isThere ? null : { desired, facts, marker: known };
}
