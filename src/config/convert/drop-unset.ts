import type { Path } from '../finding.ts';
import { growKeyTree, type KeyTree, stepInto } from '../keys/key-tree.ts';
import { dropUnset } from '../unset.ts';
import { type Draft, readDraft, removeKeys, type Story } from './draft.ts';

/** Numbers that RKE1's own questionnaire wrote as 0 where nothing was meant. */
const UNSET_ZEROS = new Set([
  'addon_job_timeout',
  'network.mtu',
  'ingress.http_port',
  'ingress.https_port',
  'services.etcd.backup_config.interval_hours',
  'services.etcd.backup_config.retention',
  'services.etcd.backup_config.timeout',
]);

/** Takes out what says nothing: empty texts, lists and maps, and the zeros of RKE1's questionnaire. */
export function dropUnsetKeys(draft: Draft): Draft {
  const { value } = readDraft(draft);
  const paths = [
    ...listUnset(
      value,
      dropUnset(value),
      growKeyTree(() => true),
      [],
    ),
  ];
  if (paths.length === 0) return draft;
  const { lines } = removeKeys(
    draft,
    paths.map((path): Story => ({ kind: 'dropped', path, message: '', hint: null })),
  );
  const message =
    paths.length === 1
      ? 'One more key was empty, and went without a word.'
      : `${paths.length} more keys were empty, and went without a word.`;
  const entry = { kind: 'dropped' as const, path: '', line: null, message, hint: null };
  return { lines, entries: [...draft.entries, entry] };
}

/** Every place of `value` that is not in `kept`, or that is an empty list or map of a key that rke2ctl knows. */
function* listUnset(value: unknown, kept: unknown, tree: KeyTree | undefined, path: Path): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(key) : key;
    const below = tree && stepInto(tree, step);
    const here = [...path, step];
    const left = (kept as Readonly<Record<string, unknown>>)[key];
    const isEmpty = typeof each === 'object' && each !== null && Object.keys(each).length === 0;
    const isZero = each === 0 && UNSET_ZEROS.has(here.join('.'));
    if (left === undefined || isZero || (isEmpty && below?.row)) yield here;
    else yield* listUnset(each, left, below, here);
  }
}
