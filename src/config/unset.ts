import type { Path } from './finding.ts';

/** Keys below which empty text has a meaning: names that the file chooses, and objects of Kubernetes' own. */
const KEEPING_TEXT: ReadonlySet<string | number> = new Set([
  'labels',
  'taints',
  'rke2',
  'policy',
  'admission_configuration',
  'event_rate_limit',
  'rewrites',
]);

/** Keys that turn something on by being there, and that RKE1's questionnaire leaves with nothing inside. */
const BLANKABLE: ReadonlySet<string> = new Set(['bastion_host', 's3backupconfig', 'external_urls']);

/**
 * The data without what is left empty: a key with nothing or `""` behind it counts as not written, as in the files that
 * RKE1's own questionnaire wrote. Where empty text has a meaning (labels, taints, keys of RKE2) it stays.
 */
export function dropUnset(value: unknown, path: Path = []): unknown {
  if (isForeign(path)) return value;
  if (Array.isArray(value)) return value.map((item, index) => dropUnset(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  const keepsText = path.some((step) => KEEPING_TEXT.has(step)) || path.join('.') === 'ingress.extra_args';
  const entries: [string, unknown][] = [];
  const keepsNames = path.length === 2 && path[0] === 'registries' && path[1] === 'mirrors';
  for (const [key, each] of Object.entries(value)) {
    if (keepsNames && each === null) entries.push([key, {}]);
    if (each === null || each === undefined || (each === '' && !keepsText)) continue;
    if (BLANKABLE.has(key) && isBlank(each, key)) continue;
    entries.push([key, typeof each === 'object' ? dropUnset(each, [...path, key]) : each]);
  }
  return Object.fromEntries(entries);
}

/** Whether a chart's values, or parts of Kubernetes' objects, stand here: in those, empty and null have their own meaning. */
function isForeign([first, second, third]: Path): boolean {
  if (first === 'chart_values') return second !== undefined;
  if (first === 'charts') return third === 'values';
  return first === 'ingress' && typeof third === 'number' && String(second).startsWith('extra_');
}

/** A map or list in which nothing is filled in; a list of jump hosts that is empty means none. */
function isBlank(value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return key !== 'bastion_host' && value.length === 0;
  return Object.values(value).every((each) => each === null || each === '' || each === false);
}
