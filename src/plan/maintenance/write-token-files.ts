import type { PlannedNode } from '../../domain/plan.ts';
import { renderTokenFiles } from '../../render/token-files.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import type { Draft } from './stretch.ts';

/** Token files that pin CAs which are made only while the plan is carried out. */
export function writePinnedTokens(
  { state, bootstrapKey }: MaintenanceInput,
  node: PlannedNode,
  reason: string,
): Draft<'write-files'> {
  const files = renderTokenFiles(node.roles, node.key === bootstrapKey, state);
  return {
    kind: 'write-files',
    node,
    reason,
    files: files.map(({ path, mode }) => ({ path, mode, sha256: null })),
    removed: [],
  };
}
