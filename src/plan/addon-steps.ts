import type { Step, StepId } from '../domain/plan.ts';
import { sha256 } from '../lib/hash.ts';
import { factsOf } from '../render/desired-node.ts';
import { manifestPath, renderManifests } from '../render/manifests.ts';
import { objectKey } from '../rke2/manifest-objects.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** When the cluster can be asked: which node's API, and the steps that must come first. */
export interface ApiReadiness {
  readonly plane: NodeWork;
  readonly needs: readonly StepId[];
  readonly after: readonly StepId[];
}

/**
 * Deletes from the cluster what manifests brought that the file no longer names, once no reached node holds the file any
 * more. What another manifest of the file brings as well stays.
 */
export function deleteAddonSteps(
  input: UpInput,
  work: readonly NodeWork[],
  { plane, needs, after }: ApiReadiness,
): readonly Step[] {
  const wanted = new Set(renderManifests(input.cluster, input.addonTexts).map(({ name }) => name));
  const records = Object.entries(input.state.addons);
  const kept = new Set(
    records.filter(([name]) => wanted.has(name)).flatMap(([, { objects }]) => objects.map(objectKey)),
  );
  const planes = input.cluster.nodes.filter(({ roles }) => roles.includes('controlplane'));
  const forget = planes.every(({ key }) => factsOf(input.observed, key) !== null);
  const node = plane.desired.planned;
  return records
    .filter(([name]) => !wanted.has(name))
    .map(([name, { objects }]): Step => {
      const path = manifestPath(input.cluster.dataDir, name);
      const holders = work.filter(({ changes }) => changes.removed.includes(path));
      return {
        kind: 'delete-addon',
        id: `delete-addon ${name}`,
        node,
        reason: 'the file no longer names it',
        needs: [...needs, ...holders.map(({ desired }) => stepId('write-files', desired.planned))],
        after,
        name,
        objects: objects.filter((object) => !kept.has(objectKey(object))),
        forget,
      };
    });
}

/** Sees that RKE2 applies the manifests that this run writes. */
export function verifyAddonSteps(
  input: UpInput,
  work: readonly NodeWork[],
  { plane, needs, after }: ApiReadiness,
): readonly Step[] {
  const written = new Set(work.flatMap(({ changes }) => changes.files.map(({ path }) => path)));
  const addons = renderManifests(input.cluster, input.addonTexts).flatMap(({ name, content }) =>
    content !== null && written.has(manifestPath(input.cluster.dataDir, name))
      ? [{ name, sha256: sha256(content) }]
      : [],
  );
  if (addons.length === 0) return [];
  const node = plane.desired.planned;
  const writers = work
    .filter(({ changes }) => changes.files.length > 0)
    .map(({ desired }) => stepId('write-files', desired.planned));
  return [
    {
      kind: 'verify-addons',
      id: stepId('verify-addons', node),
      node,
      reason: 'RKE2 is to apply them',
      needs,
      after: [...writers, ...after],
      addons,
    },
  ];
}
