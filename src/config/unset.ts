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

/**
 * The data without what is left empty: a key with nothing or `""` behind it counts as not written, as in the files that
 * RKE1's own questionnaire wrote. Where empty text has a meaning (labels, taints, keys of RKE2) it stays.
 */
export function dropUnset(value: unknown, path: Path = []): unknown {
  if (isChartValues(path)) return value;
  if (Array.isArray(value)) return value.map((item, index) => dropUnset(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  const keepsText = path.some((step) => KEEPING_TEXT.has(step)) || path.join('.') === 'ingress.extra_args';
  const entries: [string, unknown][] = [];
  const keepsNames = path.length === 2 && path[0] === 'registries' && path[1] === 'mirrors';
  for (const [key, each] of Object.entries(value)) {
    if (keepsNames && each === null) entries.push([key, {}]);
    if (each === null || each === undefined || (each === '' && !keepsText)) continue;
    if (key === 'bastion_host' && isBlank(each)) continue;
    entries.push([key, dropUnset(each, [...path, key])]);
  }
  return Object.fromEntries(entries);
}

/** Whether a chart's values stand here: in those, empty and null mean what the chart says. */
function isChartValues([first, second, third]: Path): boolean {
  return (
    (first === 'chart_values' && second !== undefined) ||
    (typeof second === 'number' && first === 'charts' && third === 'values')
  );
}

/** A jump host of which nothing is filled in. */
function isBlank(bastion: unknown): boolean {
  if (typeof bastion !== 'object' || bastion === null || Array.isArray(bastion)) return false;
  return Object.values(bastion).every((value) => value === null || value === '' || value === false);
}
