import type { PlannedFile } from '../domain/plan.ts';
import { sha256 } from '../lib/hash.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import type { NodeChanges } from './compare-node.ts';
import type { DepartureTies } from './departure-steps.ts';
import type { Draft } from './draft-step.ts';
import type { HostTies } from './host-ties.ts';
import { stepId } from './step-id.ts';
import type { NodeWork } from './up-input.ts';

/** Before anything else comes onto the host, and without waiting for anybody: whoever runs this may be gone the next moment. */
export function ttlStep({ changes: { ttl } }: NodeWork): readonly Draft<'set-ttl'>[] {
  if (ttl === null) return [];
  const { seconds, reason, files } = ttl;
  return [{ kind: 'set-ttl', reason, seconds, files: files.map(plannedFile) }];
}

/** Writes what differs of the files that RKE2 reads, and takes away what the cluster file asks for no more. */
export function filesStep(work: NodeWork, ties: HostTies): readonly Draft<'write-files'>[] {
  const { changes } = work;
  if (changes.files.length + changes.removed.length === 0) return [];
  return [
    {
      kind: 'write-files',
      reason: filesReason(changes),
      files: changes.files.map(plannedFile),
      removed: changes.removed,
      ...filesTies(work, ties),
    },
  ];
}

/**
 * Where nothing runs, nor would after a boot, nobody reads them before the start: they wait for no turn, only for the
 * server that shows the CA which they pin.
 */
function filesTies(
  { desired, changes, facts }: NodeWork,
  { motion, founding }: HostTies,
): Partial<DepartureTies> {
  if (changes.start === null) return {};
  const { server, agent } = facts.rke2;
  const isAtRest = [server, agent].every(({ active, enabled }) => active === 'inactive' && !enabled);
  const isWhole = changes.files.every(({ content }) => content !== null);
  const turn = { needs: motion.needs, after: motion.after };
  if (changes.start !== 'first' || !isAtRest) return turn;
  if (isWhole) return {};
  return founding === null || founding === stepId('start-service', desired.planned)
    ? turn
    : { needs: [founding] };
}

function filesReason({ files, removed }: NodeChanges): string {
  const names = (paths: readonly string[]) =>
    paths.map((path) => path.slice(path.lastIndexOf('/') + 1)).join(', ');
  const written = files.length === 0 ? [] : [`${names(files.map((file) => file.path))} to be written`];
  const gone = removed.length === 0 ? [] : [`${names(removed)} to be taken away`];
  return [...written, ...gone].join('; ');
}

function plannedFile({ path, mode, content }: RenderedFile): PlannedFile {
  return { path, mode, sha256: content === null ? null : sha256(content) };
}
