import * as z from 'zod';
import { NodeSelectorSchema, PriorityClassSchema, TolerationsSchema } from '../schema/pods.ts';
import { chart, group, mapped, ours } from './key.ts';
import { deploymentStrategy } from './update-strategy.ts';

const CHART = 'rke2-metrics-server';

const REPLICAS = { error: 'must be a whole number, 1 or more' };

/** The cluster's metrics server, in RKE1's words. */
const MONITORING_KEYS = {
  provider: mapped(z.enum(['metrics-server', 'none'], { error: 'must be `metrics-server` or `none`' }), {
    description: 'What measures pods and nodes for `kubectl top` and autoscalers. `none` leaves it to you.',
    examples: ['metrics-server'],
    default: '`metrics-server`',
    becomes: [ours('`none` puts rke2-metrics-server into `disable` of config.yaml')],
  }),
  options: mapped(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()], { error: 'must be text' }), {
      error: 'must be a map of flags of metrics-server',
    }),
    {
      description: 'Flags of metrics-server, without dashes in front.',
      examples: [{ 'metric-resolution': '30s' }],
      becomes: [chart(CHART, 'args')],
    },
  ),
  replicas: mapped(z.number(REPLICAS).int(REPLICAS).min(1, REPLICAS), {
    description: 'Number of its pods.',
    examples: [2],
    default: '`1`',
    becomes: [chart(CHART, 'replicas')],
  }),
  node_selector: mapped(NodeSelectorSchema, {
    description: 'Labels of the nodes that it runs on.',
    examples: [{ 'monitoring.example.com/server': 'yes' }],
    becomes: [chart(CHART, 'nodeSelector')],
  }),
  tolerations: mapped(TolerationsSchema, {
    description: 'Taints that it tolerates.',
    examples: [[{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }]],
    becomes: [chart(CHART, 'tolerations')],
  }),
  update_strategy: deploymentStrategy('How its pods are replaced.', {
    type: [chart(CHART, 'updateStrategy.type')],
    maxUnavailable: [chart(CHART, 'updateStrategy.rollingUpdate.maxUnavailable')],
    maxSurge: [chart(CHART, 'updateStrategy.rollingUpdate.maxSurge')],
  }),
  metrics_server_priority_class_name: mapped(PriorityClassSchema, {
    description: 'Its PriorityClass.',
    examples: ['system-cluster-critical'],
    default: '`system-cluster-critical`',
    becomes: [chart(CHART, 'priorityClassName')],
  }),
};

/** The section as the whole file has it. */
export const MonitoringSection = group(
  z.strictObject(MONITORING_KEYS, { error: 'must be a map with `provider`, `options`, …' }),
  { description: 'The metrics server.', examples: [{ provider: 'metrics-server' }] },
);
