import * as z from 'zod';
import { showValue } from '../finding.ts';
import { checked, LocalPathSchema, text } from '../schema/scalars.ts';

/** The kubeconfig that `up` writes for the operator. */
export const KubeconfigSchema = z.strictObject(
  {
    path: LocalPathSchema.meta({
      description: 'Where it is written. Default: `kube_config_<name of this file>` beside this file.',
      examples: ['~/.kube/prod.yaml'],
    }).optional(),
    mode: z
      .string({ error: (issue) => explainMode(issue.input) })
      .regex(/^0?[0-7]{3}$/, { error: 'must be three octal digits in quotes, such as `"0600"`' })
      .meta({ description: 'Its permissions. Default "0600".', examples: ['0600'] })
      .optional(),
    group: checked(text('must be the name of a group'), (group) =>
      /^[A-Za-z0-9_][\w.-]*\$?$/.test(group)
        ? null
        : {
            message: `${showValue(group)} cannot be the name of a group.`,
            hint: 'Write the name of a group of this machine, such as `admins`.',
          },
    )
      .meta({ description: 'Group that it belongs to, as with `mode: "0640"`.', examples: ['admins'] })
      .optional(),
  },
  { error: 'must be a map with `path`, `mode` and `group`' },
);

function explainMode(value: unknown): string {
  const digits = typeof value === 'number' && /^[0-7]{3}$/.test(String(value)) ? String(value) : '600';
  return `must be written in quotes, such as \`"0${digits}"\`: without them YAML makes another number of it`;
}
