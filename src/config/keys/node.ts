import * as z from 'zod';
import type { ROLES } from '../../domain/role.ts';
import { showValue } from '../finding.ts';
import { HostAddressSchema, IpAddressSchema } from '../schema/addresses.ts';
import { isDnsSubdomain, LabelsSchema, TaintSchema } from '../schema/labels.ts';
import { checked, PortSchema, text } from '../schema/scalars.ts';
import {
  SshAgentAuthSchema,
  SshCertPathSchema,
  SshCertSchema,
  SshKeyPathSchema,
  SshKeySchema,
  UserSchema,
} from '../schema/ssh-auth.ts';
import { BastionChainSchema } from './bastion.ts';

const RoleSchema = z.enum(['etcd', 'controlplane', 'worker'] satisfies typeof ROLES, {
  error: 'must be `controlplane`, `etcd` or `worker`',
});

const NodeNameSchema = checked(text('must be a name'), (name) =>
  isDnsSubdomain(name.toLowerCase())
    ? null
    : {
        message: `${showValue(name)} cannot be a node's name in Kubernetes.`,
        hint: 'Letters, digits, dashes and dots; each part between dots begins and ends with a letter or a digit.',
      },
);

/** One machine of the cluster. */
export const NodeSchema = z
  .strictObject(
    {
      address: HostAddressSchema.meta({
        description:
          'Where SSH reaches the node: name, IPv4 or IPv6 address. Together with `port` it tells nodes apart.',
        examples: ['10.0.0.11'],
      }),
      port: PortSchema.meta({ description: 'SSH port. Default 22.' }).optional(),
      internal_address: IpAddressSchema.meta({
        description:
          'IP address that the other nodes use. Default: the address of the host’s default route, or `address` when the host has it.',
        examples: ['192.168.0.11'],
      }).optional(),
      hostname_override: NodeNameSchema.meta({
        description:
          'The node’s name in Kubernetes. Default: `address` if it is a name, else the host’s own hostname.',
        examples: ['server-1'],
      }).optional(),
      user: UserSchema.optional(),
      role: z
        .array(RoleSchema, { error: 'must be a list of roles' })
        .min(1, { error: 'must name at least one role: `controlplane`, `etcd` or `worker`' })
        .meta({
          description:
            'What the node is for. etcd and controlplane nodes run rke2-server, pure workers run rke2-agent.',
          examples: [['controlplane', 'etcd', 'worker']],
        }),
      ssh_agent_auth: SshAgentAuthSchema.optional(),
      ssh_key: SshKeySchema.optional(),
      ssh_key_path: SshKeyPathSchema.optional(),
      ssh_cert: SshCertSchema.optional(),
      ssh_cert_path: SshCertPathSchema.optional(),
      bastion_host: BastionChainSchema.optional(),
      labels: LabelsSchema.optional(),
      taints: z
        .array(TaintSchema, { error: 'must be a list of taints, each with `key`, `value` and `effect`' })
        .meta({
          description: 'Taints that the node registers with.',
          examples: [[{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }]],
        })
        .optional(),
    },
    { error: 'must be a map that describes one node: `address`, `role`, …' },
  )
  .meta({ examples: [{ address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] }] });

export type NodeInput = z.output<typeof NodeSchema>;
