import * as z from 'zod';
import { DRAINED_BY } from '../../domain/drain-mark.ts';
import type { ApiNode } from '../../domain/observed.ts';

const StringsSchema = z.record(z.string(), z.string());
const NodeSchema = z.object({
  metadata: z.object({
    name: z.string(),
    labels: StringsSchema.optional(),
    annotations: StringsSchema.optional(),
  }),
  spec: z
    .object({
      unschedulable: z.boolean().optional(),
      taints: z
        .array(z.object({ key: z.string(), value: z.string().optional(), effect: z.string() }))
        .nullish(),
    })
    .optional(),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .nullish(),
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).nullish(),
      nodeInfo: z.object({ kubeletVersion: z.string() }).optional(),
    })
    .optional(),
});
const ListSchema = z.object({ items: z.array(NodeSchema) });

const ROLE_LABEL = 'node-role.kubernetes.io/';

/** The answer of `kubectl get nodes -o json`; null when it is not one (no API server, cut off). */
export function parseNodes(text: string): ApiNode[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const list = ListSchema.safeParse(value);
  return list.success ? list.data.items.map(apiNode) : null;
}

function apiNode(node: z.infer<typeof NodeSchema>): ApiNode {
  const labels = node.metadata.labels ?? {};
  const conditions = node.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  const voter = conditions.find(({ type }) => type === 'EtcdIsVoter');
  return {
    name: node.metadata.name,
    ready: ready?.status === 'True',
    reason: ready === undefined ? 'no Ready condition yet' : (ready.message ?? ready.reason ?? ''),
    roles: Object.keys(labels)
      .filter((label) => label.startsWith(ROLE_LABEL))
      .map((label) => label.slice(ROLE_LABEL.length))
      .sort(),
    version: node.status?.nodeInfo?.kubeletVersion ?? '',
    internalAddresses: (node.status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP')
      .map(({ address }) => address),
    labels,
    taints: (node.spec?.taints ?? []).map(({ key, value, effect }) => ({ key, value: value ?? '', effect })),
    unschedulable: node.spec?.unschedulable ?? false,
    drainedByUs: node.metadata.annotations?.[DRAINED_BY] !== undefined,
    etcdVoter: voter === undefined ? null : voter.status === 'True',
  };
}
