import type { Path } from './finding.ts';

/** Keys below which empty text has a meaning: names that the file chooses, and objects of Kubernetes' own. */
const KEEPING_TEXT: ReadonlySet<string | number> = new Set([
  'labels',
  'taints',
  'rke2',
  'policy',
  'admission_configuration',
  'event_rate_limit',
]);

/**
 * The data without what is left empty: a key with nothing or `""` behind it counts as not written, as in the files that
 * RKE1's own questionnaire wrote. Where empty text has a meaning (labels, taints, keys of RKE2) it stays.
 */
export function dropUnset(value: unknown, path: Path = []): unknown {
  if (Array.isArray(value)) return value.map((item, index) => dropUnset(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  const keepsText = path.some((step) => KEEPING_TEXT.has(step));
  const entries: [string, unknown][] = [];
  for (const [key, each] of Object.entries(value)) {
    if (each === null || each === undefined || (each === '' && !keepsText)) continue;
    if (key === 'bastion_host' && isBlank(each)) continue;
    entries.push([key, dropUnset(each, [...path, key])]);
  }
  return Object.fromEntries(entries);
}

/** A jump host of which nothing is filled in. */
function isBlank(bastion: unknown): boolean {
  if (typeof bastion !== 'object' || bastion === null || Array.isArray(bastion)) return false;
  return Object.values(bastion).every((value) => value === null || value === '' || value === false);
}
