import { PACKAGED_CHARTS } from '../../rke2/packaged-charts.ts';
import { readChartFile, readValuesFile } from '../chart-files.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake, type Path } from '../finding.ts';
import type { RuleContext } from './rule.ts';

type ChartDraft = NonNullable<NonNullable<ClusterDraft['charts']>[number]>;

/** Each chart by itself and among the others: one place it comes from, one name, files that are there. */
export function checkCharts({ charts = [] }: ClusterDraft, context: RuleContext): readonly Finding[] {
  return charts.flatMap((chart, index) => {
    if (chart === undefined) return [];
    const path: Path = ['charts', index];
    const first = charts.findIndex((other) => other?.name !== undefined && other.name === chart.name);
    return [
      ...(first >= 0 && first < index ? [twice(path, chart, first)] : []),
      ...checkName(path, chart),
      ...checkSource(path, chart),
      ...checkFiles(path, chart, context),
    ];
  });
}

function twice(path: Path, { name = '' }: ChartDraft, first: number): Finding {
  return findingAt([...path, 'name'], {
    code: 'chart-twice',
    message: `There is a chart ${name} already: entry ${first + 1} of \`charts\`.`,
    hint: 'Give each its own name; the same chart may be installed under several.',
  });
}

function checkName(path: Path, { name }: ChartDraft): readonly Finding[] {
  if (name === undefined || !Object.hasOwn(PACKAGED_CHARTS, name)) return [];
  return [
    findingAt([...path, 'name'], {
      code: 'chart-packaged',
      message: `${name} is a chart of RKE2's own, which would put its own in place again.`,
      hint: `Write its settings as \`chart_values.${name}\`; for another version of it choose another name, and disable RKE2’s.`,
    }),
  ];
}

function checkSource(path: Path, chart: ChartDraft): readonly Finding[] {
  const { chart: name, file, repo, version } = chart;
  const say = (key: string, mistake: Mistake) => [findingAt([...path, key], mistake, 'key')];
  if ('file' in chart) {
    const other = (['chart', 'repo', 'version'] as const).find((key) => chart[key] !== undefined);
    if (file === undefined || other === undefined) return [];
    return say(other, {
      code: 'chart-sources',
      message: `The chart comes from \`file\` already, which has its own name and version; \`${other}\` says it a second time.`,
      hint: `Leave \`${other}\` out, or \`file\`.`,
    });
  }
  if (!('chart' in chart) && !('repo' in chart)) {
    const message = 'It is not said where this chart comes from.';
    const hint =
      'Add `repo: https://…` (and `chart` if its name there is another), `chart: oci://…`, or `file: charts/name.tgz`.';
    return [findingAt(path, { code: 'chart-sources', message, hint })];
  }
  const isAddress = name !== undefined && /^(oci|https?):\/\//.test(name);
  if (name !== undefined && !isAddress && !('repo' in chart)) {
    const message = `The chart ${name} is looked for nowhere: it has no \`repo\`.`;
    return say('chart', {
      code: 'chart-sources',
      message,
      hint: 'Add `repo: https://…`, or write the whole address: `chart: oci://…`.',
    });
  }
  if (isAddress && repo !== undefined) {
    return say('repo', {
      code: 'chart-sources',
      message: '`chart` is a whole address already; Helm does not take a `repo` beside it.',
      hint: 'Leave `repo` out.',
    });
  }
  if (name?.startsWith('http') && version !== undefined) {
    return say('version', {
      code: 'chart-sources',
      severity: 'warning',
      message: 'The URL names one archive of one version; `version` has no effect beside it.',
      hint: 'Leave `version` out.',
    });
  }
  return [];
}

function checkFiles(path: Path, { file, values_file }: ChartDraft, context: RuleContext): readonly Finding[] {
  const read = [
    ['file', file === undefined ? null : readChartFile(file, context)],
    ['values_file', values_file === undefined ? null : readValuesFile(values_file, context)],
  ] as const;
  return read.flatMap(([key, result]) =>
    result !== null && 'message' in result ? [findingAt([...path, key], result as Mistake)] : [],
  );
}
