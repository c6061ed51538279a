import * as z from 'zod';
import { HostAddressSchema } from '../schema/addresses.ts';
import { FlagSchema, PortSchema } from '../schema/scalars.ts';
import {
  SshAgentAuthSchema,
  SshCertPathSchema,
  SshCertSchema,
  SshKeyPathSchema,
  SshKeySchema,
  UserSchema,
} from '../schema/ssh-auth.ts';

/** One jump host. All but the address falls back to the cluster's own SSH settings. */
const BastionSchema = z
  .strictObject(
    {
      address: HostAddressSchema.meta({
        description: 'Name or IP address of the jump host.',
        examples: ['bastion.example.com'],
      }),
      port: PortSchema.meta({ description: 'SSH port of the jump host. Default 22.' }).optional(),
      user: UserSchema.optional(),
      ssh_agent_auth: SshAgentAuthSchema.optional(),
      ssh_key: SshKeySchema.optional(),
      ssh_key_path: SshKeyPathSchema.optional(),
      ssh_cert: SshCertSchema.optional(),
      ssh_cert_path: SshCertPathSchema.optional(),
      ignore_proxy_env_vars: FlagSchema.meta({
        description: 'Taken for RKE1’s sake: SSH never goes through an HTTP proxy here.',
      }).optional(),
    },
    { error: 'must be a map with the keys of a jump host' },
  )
  .meta({ examples: [{ address: 'bastion.example.com', user: 'ubuntu' }] });

/** A jump host, or a chain of them from the operator outwards. */
export const BastionChainSchema = z
  .union([BastionSchema, z.array(BastionSchema)], {
    error: 'must be a jump host (`address`, `user`, …) or a list of them, the one you reach first at the top',
  })
  .meta({
    description:
      'Jump host on the way to the nodes, or a list of them: the first is the one that you reach directly.',
    examples: [{ address: 'bastion.example.com', user: 'ubuntu' }],
  });

export type BastionInput = z.output<typeof BastionSchema>;
