import * as z from 'zod';
import type { PodRef } from './drain-node.ts';
import type { Host } from './host.ts';
import type { CallOptions } from './kubectl.ts';
import { runKubectl } from './run-kubectl.ts';

/** A PodDisruptionBudget and the pods that it holds. */
export interface HoldingBudget {
  readonly namespace: string;
  readonly name: string;
  readonly pods: readonly string[];
  readonly healthy: number;
  readonly needed: number;
}

const ExpressionSchema = z.object({
  key: z.string(),
  operator: z.string(),
  values: z.array(z.string()).nullish(),
});
const SelectorSchema = z.object({
  matchLabels: z.record(z.string(), z.string()).nullish(),
  matchExpressions: z.array(ExpressionSchema).nullish(),
});
const ItemSchema = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).nullish() }),
  spec: z.object({ selector: SelectorSchema.nullish() }).nullish(),
  status: z
    .object({ currentHealthy: z.number().optional(), desiredHealthy: z.number().optional() })
    .nullish(),
});
const ListSchema = z.object({ items: z.array(ItemSchema) });

/** The budgets that cover these pods, asked of the API namespace by namespace. */
export async function holdingBudgets(
  host: Host,
  pods: readonly PodRef[],
  options: CallOptions = {},
): Promise<readonly HoldingBudget[]> {
  const namespaces = [...new Set(pods.map(({ namespace }) => namespace))];
  const found = await Promise.all(
    namespaces.map(async (namespace): Promise<readonly HoldingBudget[]> => {
      const args = ['get', 'pods,poddisruptionbudgets', '-n', namespace, '-o', 'json'];
      const { stdout } = await runKubectl(host, args, { what: 'Asking for budgets', ...options });
      const { items } = ListSchema.parse(JSON.parse(stdout));
      const held = pods.filter((pod) => pod.namespace === namespace).map(({ name }) => name);
      return items
        .filter(({ kind }) => kind === 'PodDisruptionBudget')
        .map(({ metadata, spec, status }) => ({
          namespace,
          name: metadata.name,
          healthy: status?.currentHealthy ?? 0,
          needed: status?.desiredHealthy ?? 0,
          pods: items
            .filter((item) => item.kind === 'Pod' && held.includes(item.metadata.name))
            .filter((pod) => matchesSelector(spec?.selector ?? {}, pod.metadata.labels ?? {}))
            .map((pod) => pod.metadata.name),
        }))
        .filter((budget) => budget.pods.length > 0);
    }),
  );
  return found.flat();
}

/** Kubernetes' label selectors; an empty one matches everything. */
function matchesSelector(
  selector: z.infer<typeof SelectorSchema>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal && (selector.matchExpressions ?? []).every((expression) => matchesExpression(expression, labels))
  );
}

function matchesExpression(
  { key, operator, values }: z.infer<typeof ExpressionSchema>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  const isListed = value !== undefined && (values ?? []).includes(value);
  if (operator === 'In') return isListed;
  if (operator === 'NotIn') return !isListed;
  return operator === 'Exists' ? value !== undefined : value === undefined;
}
