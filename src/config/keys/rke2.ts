import * as z from 'zod';

const ScalarSchema = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be text, a number, `true` or `false`',
});

const ValuesSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(ScalarSchema)], {
    error: 'must be text, a number, `true`, `false`, or a list of those',
  }),
  { error: 'must be a map of keys of RKE2’s config.yaml' },
);

/** Keys of RKE2's own config.yaml; which there are is checked apart, since it depends on who gets them. */
export const Rke2Schema = z.strictObject(
  {
    server: ValuesSchema.meta({ description: 'For etcd and controlplane nodes (rke2-server).' }).optional(),
    agent: ValuesSchema.meta({ description: 'For nodes that are only workers (rke2-agent).' }).optional(),
  },
  { error: 'must be a map with `server` and `agent`' },
);
