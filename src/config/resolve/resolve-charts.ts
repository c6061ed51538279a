import type { Chart } from '../../domain/cluster.ts';
import { ConfigError } from '../../domain/errors.ts';
import { readChartFile, readValuesFile } from '../chart-files.ts';
import type { Mistake } from '../finding.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import type { SecretContext } from '../secret-value.ts';
import { mergeMaps } from './contribution.ts';

type ChartInput = NonNullable<ClusterInput['charts']>[number];

/** The charts with their files read; a rule has found by then what cannot be read. */
export function resolveCharts(input: ClusterInput, context: SecretContext): readonly Chart[] {
  return (input.charts ?? []).map((chart) => resolveChart(chart, context));
}

function resolveChart(chart: ChartInput, context: SecretContext): Chart {
  const { file, name, repo, values = {}, values_file } = chart;
  const fromFile = values_file === undefined ? {} : expect(readValuesFile(values_file, context)).values;
  return {
    name,
    namespace: chart.namespace ?? 'default',
    chart: chart.chart ?? (repo === undefined ? null : name),
    repo: repo ?? null,
    version: chart.version ?? null,
    createNamespace: chart.create_namespace ?? true,
    values: mergeMaps(fromFile, values),
    archive: file === undefined ? null : expect(readChartFile(file, context)).base64,
    bootstrap: chart.bootstrap ?? false,
  };
}

function expect<T extends object>(read: T | Mistake): T {
  if (!('message' in read)) return read;
  const { code = 'chart-file-missing', hint, message } = read as Mistake;
  throw new ConfigError(message, [{ severity: 'error', code, message, hint }]);
}
