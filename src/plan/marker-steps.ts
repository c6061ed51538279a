import type { Draft } from './draft-step.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** Writes into the marker what is ours on the host, before anything of it is there. None where the marker says so already. */
export function claimStep(
  input: UpInput,
  { desired, changes, facts, move }: NodeWork,
): readonly Draft<'claim'>[] {
  if (changes.marker.first === null) return [];
  const { planned, bootstraps } = desired;
  return [
    {
      kind: 'claim',
      reason:
        facts.rke2.marker === null
          ? 'the host is new to this cluster'
          : move !== null
            ? 'its machine has another address'
            : 'what belongs to us on this host has changed',
      marker: changes.marker.first,
      bootstrap: bootstraps && input.state.bootstrapNodeId !== planned.id,
      ...(move === null ? {} : { move: { mark: move.name, stranded: move.stranded } }),
    },
  ];
}

/** What was taken away is in the marker no more. */
export function releaseStep({ desired, changes }: NodeWork): readonly Draft<'claim'>[] {
  if (changes.marker.last === null) return [];
  return [
    {
      kind: 'claim',
      id: `${stepId('claim', desired.planned)} again`,
      reason: 'what was taken away is ours no more',
      marker: changes.marker.last,
      bootstrap: false,
    },
  ];
}
