import type { ClusterDraft } from '../draft.ts';
import { isPlainMap } from '../schema/json-map.ts';

/** What `chart_values` says at `a.b.c` of a chart; undefined when nothing. */
export function chartValueAt(draft: ClusterDraft, chart: string, path: string): unknown {
  return [chart, ...path.split('.')].reduce<unknown>(
    (value, step) => (isPlainMap(value) ? value[step] : undefined),
    draft.chart_values,
  );
}
