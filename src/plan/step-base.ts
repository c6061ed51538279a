import * as z from 'zod';

/** Any number of words. */
export const strings = z.array(z.string());

/** A role of RKE2's nodes. */
export const Role = z.enum(['etcd', 'controlplane', 'worker']);

/** A node as steps name it. */
export const PlannedNodeSchema = z.strictObject({
  key: z.string(),
  id: z.string(),
  name: z.string(),
  address: z.string(),
  otherAddress: z.string().exactOptional(),
  roles: z.array(Role),
  service: z.enum(['rke2-server', 'rke2-agent']),
});

/** What every step has, of whatever kind. */
export const base = {
  id: z.string(),
  node: PlannedNodeSchema.nullable(),
  reason: z.string(),
  needs: strings,
  after: strings,
};
