import * as z from 'zod';

const CNI_NAMES = ['canal', 'calico', 'cilium', 'flannel', 'none'] as const;

const MUST = 'must be `canal`, `calico`, `cilium`, `flannel`, `none`, or `[multus, …]` with one of them';

/** The CNI, in RKE1's place for it. */
export const NetworkSchema = z.strictObject(
  {
    plugin: z
      .union([z.enum(CNI_NAMES), z.tuple([z.literal('multus'), z.enum(CNI_NAMES)])], {
        error: (issue) => explainPlugin(issue.input),
      })
      .meta({
        description: 'The CNI. Cannot be changed once the cluster runs. Default canal.',
        examples: ['canal', ['multus', 'canal']],
      })
      .optional(),
  },
  { error: 'must be a map with `plugin`' },
);

function explainPlugin(value: unknown): string {
  if (value === 'weave' || value === 'aci') return `is not a CNI of RKE2; it ${MUST}`;
  return value === 'multus' ? 'needs a second CNI beside it' : MUST;
}
