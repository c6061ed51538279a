import type { DepartureTies } from './departure-steps.ts';
import type { Draft } from './draft-step.ts';
import type { HostTies } from './host-ties.ts';
import { installWay } from './install-way.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** Brings the release files that the host does not have. */
export function stageStep({ desired, changes, facts }: NodeWork): readonly Draft<'stage-artifacts'>[] {
  if (!changes.stage) return [];
  return [
    {
      kind: 'stage-artifacts',
      reason: 'release files are missing on the host',
      arch: facts.arch,
      tarball: changes.install ? desired.tarball : null,
      images: desired.images,
      ...(desired.from === undefined ? {} : { from: desired.from }),
    },
  ];
}

/**
 * On a node in service it is a part of the restart: a service that fell in between would come up as the new version. On a
 * new one it comes early, as a preparation may be made of what the release brings.
 */
export function installStep(input: UpInput, work: NodeWork, ties: HostTies): readonly Draft<'install'>[] {
  const { desired, changes, facts } = work;
  if (!changes.install) return [];
  const [present] = facts.rke2.binaries;
  return [
    {
      kind: 'install',
      reason:
        present === undefined
          ? `RKE2 ${input.version} is not installed`
          : `the host has RKE2 ${present.version}, and the cluster is to run ${input.version}`,
      version: input.version,
      way: installWay(input, desired),
      obsolete: obsoleteImages(work),
      ...(isInService(work)
        ? { needs: ties.motion.needs, after: [...ties.motion.after, ...ties.staged] }
        : afterPorts(work, ties)),
    },
  ];
}

/** Whether the node runs and its service starts anew. */
export function isInService({ changes }: NodeWork): boolean {
  return changes.start === 'changed' || changes.start === 'moved';
}

/** Who waits for the first server anyway unpacks when the ports have been tried: nobody can start before. */
function afterPorts(
  { desired, changes }: NodeWork,
  { founding, matrixId }: HostTies,
): Partial<DepartureTies> {
  const isFirst = founding === null || founding === stepId('start-service', desired.planned);
  return isFirst || matrixId === null || changes.start !== 'first' ? {} : { after: [matrixId] };
}

/** RKE2 imports whatever lies in agent/images at every start. */
function obsoleteImages({ desired, facts }: NodeWork): readonly string[] {
  const { marker, images } = facts.rke2;
  if (marker === null || marker === 'unreadable') return [];
  const ours = marker.installed?.images.map(({ name }) => name) ?? [];
  const wanted = desired.images.map(({ name }) => name);
  return images.map(({ name }) => name).filter((name) => ours.includes(name) && !wanted.includes(name));
}
