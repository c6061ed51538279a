import { recordsAt } from '../json-path.ts';
import { formatTimestamp, type KubeObject } from '../kube-object.ts';

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

/** The status of a condition: True, False or Unknown, or empty when it is not there. */
export function conditionStatus(object: KubeObject, type: string): string {
  const found = recordsAt(object, 'status.conditions').find((condition) => condition['type'] === type);
  return found === undefined ? '' : String(found['status']);
}

/** The object's conditions with some of them set; lastTransitionTime moves only where the status does. */
export function withConditions(
  object: KubeObject,
  conditions: readonly Condition[],
): readonly Record<string, unknown>[] {
  const result = [...recordsAt(object, 'status.conditions')];
  for (const condition of conditions) {
    const at = result.findIndex((candidate) => candidate['type'] === condition.type);
    const before = result[at];
    const isSame = before?.['status'] === condition.status;
    const lastTransitionTime = isSame ? before['lastTransitionTime'] : formatTimestamp(new Date());
    const next = { ...before, ...condition, lastTransitionTime };
    if (at < 0) result.push(next);
    else result[at] = next;
  }
  return result;
}
