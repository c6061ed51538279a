import * as z from 'zod';
import type { Mistake } from '../finding.ts';
import { checked, text } from './scalars.ts';

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Kubernetes' rule for node names (DNS-1123 subdomain). */
export function isDnsSubdomain(name: string): boolean {
  return DNS_SUBDOMAIN.test(name);
}

/** Labels in Kubernetes' own namespaces that a kubelet may give its own node; it refuses to start with any other. */
const KUBELET_LABELS = [
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
];
const KUBELET_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/** What is wrong with the key of a label or a taint, if anything. */
export function checkQualifiedName(key: string, what: 'label' | 'taint'): Mistake | null {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length > 1 ? parts.slice(0, -1).join('/') : null;
  if (NAME.test(name) && (prefix === null || DNS_SUBDOMAIN.test(prefix))) return null;
  return {
    message: `${JSON.stringify(key)} cannot be the key of a ${what}.`,
    hint: 'A key is a name of at most 63 letters, digits, `-`, `_` and `.`, with a domain and `/` before it if you like: `example.com/rack`.',
  };
}

/** What is wrong with a label's or taint's value, if anything. Empty is fine. */
export function checkLabelValue(value: string, what: 'label' | 'taint'): Mistake | null {
  if (value === '' || NAME.test(value)) return null;
  return {
    message: `${JSON.stringify(value)} cannot be the value of a ${what}.`,
    hint: 'At most 63 letters, digits, `-`, `_` and `.`; the first and the last are letters or digits.',
  };
}

function checkKubeletMaySet(key: string): Mistake | null {
  const namespace = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  const isReserved = ['kubernetes.io', 'k8s.io'].some(
    (top) => namespace === top || namespace.endsWith(`.${top}`),
  );
  if (!isReserved || KUBELET_LABELS.includes(key)) return null;
  if (KUBELET_NAMESPACES.some((top) => namespace === top || namespace.endsWith(`.${top}`))) return null;
  const isRole = namespace === 'node-role.kubernetes.io';
  return {
    code: 'label-reserved',
    message: `A node may not give itself the label \`${key}\`: its kubelet would refuse to start.`,
    hint: isRole
      ? 'Leave the label out: etcd and controlplane nodes get theirs from RKE2. For workers, `kubectl label node` does it once they are up.'
      : 'Use a domain of your own, such as `example.com/…`, or `kubectl label node` once the node is up.',
  };
}

const LABEL_VALUE = 'must be text';

/** Labels of a node, by key. */
export const LabelsSchema = z
  .record(z.string(), text(LABEL_VALUE), { error: 'must be a map of labels, one `key: value` per line' })
  .superRefine((labels, context) => {
    for (const [key, value] of Object.entries(labels)) {
      const mistake =
        checkQualifiedName(key, 'label') ?? checkKubeletMaySet(key) ?? checkLabelValue(value, 'label');
      if (!mistake) continue;
      const params = { code: mistake.code ?? 'label-invalid', hint: mistake.hint };
      context.addIssue({ code: 'custom', path: [key], message: mistake.message, params });
    }
  })
  .meta({ description: 'Labels that the node registers with.', examples: [{ 'example.com/rack': 'r1' }] });

/** One taint of a node. */
export const TaintSchema = z.strictObject(
  {
    key: checked(text('must be text'), (key) => checkQualifiedName(key, 'taint')).meta({
      examples: ['dedicated'],
    }),
    value: checked(text(LABEL_VALUE), (value) => checkLabelValue(value, 'taint')).optional(),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], {
        error: 'must be `NoSchedule`, `PreferNoSchedule` or `NoExecute`',
      })
      .meta({
        description: 'What the taint does to pods that do not tolerate it.',
        examples: ['NoSchedule'],
      }),
  },
  { error: 'must be a map with `key`, `value` and `effect`' },
);
