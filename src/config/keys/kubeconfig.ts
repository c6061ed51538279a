import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { checked, LocalPathSchema, text } from '../schema/scalars.ts';
import { ours, own } from './key.ts';

const KUBECONFIG = ours('the kubeconfig that `up` writes on your machine');

const KUBECONFIG_KEYS = {
  path: own(LocalPathSchema, {
    description: 'Where it is written.',
    examples: ['~/.kube/prod.yaml'],
    default: `\`${DEFAULTS.kubeconfigPrefix}<file name>\` beside cluster.yml`,
    becomes: [KUBECONFIG],
  }),
  mode: own(
    z
      .string({ error: (issue) => explainMode(issue.input) })
      .regex(/^0?[0-7]{3}$/, { error: 'must be three octal digits in quotes, such as `"0600"`' }),
    {
      description: 'Its permissions.',
      examples: ['0600'],
      default: `\`0${DEFAULTS.kubeconfigMode.toString(8)}\``,
      becomes: [KUBECONFIG],
    },
  ),
  group: own(
    checked(text('must be the name of a group'), (group) =>
      /^[A-Za-z0-9_][\w.-]*\$?$/.test(group)
        ? null
        : {
            message: `${showValue(group)} cannot be the name of a group.`,
            hint: 'Write the name of a group of this machine, such as `admins`.',
          },
    ),
    {
      description: 'Group that it belongs to, as with `mode: "0640"`.',
      examples: ['admins'],
      becomes: [KUBECONFIG],
    },
  ),
};

/** The kubeconfig that `up` writes for the operator. */
export const KubeconfigSchema = z.strictObject(KUBECONFIG_KEYS, {
  error: 'must be a map with `path`, `mode` and `group`',
});

function explainMode(value: unknown): string {
  const digits = typeof value === 'number' && /^[0-7]{3}$/.test(String(value)) ? String(value) : '600';
  return `must be written in quotes, such as \`"0${digits}"\`: without them YAML makes another number of it`;
}
