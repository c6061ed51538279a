import type { ClusterInput } from '../keys/cluster.ts';
import { toKubernetesStrategy } from '../keys/update-strategy.ts';
import { toLabels, toToleration } from '../schema/pods.ts';
import { chartMap, valuesOf } from './chart-map.ts';
import type { Contribution } from './contribution.ts';

const CHART = 'rke2-metrics-server';

/** metrics-server's chart values; with `provider: none` no metrics-server. */
export function contributeMonitoring({ monitoring }: ClusterInput): Partial<Contribution> {
  if (monitoring === undefined) return {};
  if (monitoring.provider === 'none') return { server: { disable: [CHART] } };
  const { node_selector: selector, options = {}, tolerations = [] } = monitoring;
  const args = Object.entries(options).map(([flag, value]) => `--${flag.replace(/^-+/, '')}=${value}`);
  return {
    chartValues: valuesOf(CHART, {
      args: args.length === 0 ? undefined : args,
      replicas: monitoring.replicas,
      nodeSelector: selector && toLabels(selector),
      tolerations:
        tolerations.length === 0 ? undefined : tolerations.map((each) => chartMap(toToleration(each))),
      updateStrategy: toKubernetesStrategy(monitoring.update_strategy),
      priorityClassName: monitoring.metrics_server_priority_class_name,
    }),
  };
}
