import * as z from 'zod';
import type { ROLES } from '../../domain/role.ts';
import { showValue } from '../finding.ts';
import { HostAddressSchema, IpAddressSchema } from '../schema/addresses.ts';
import { isDnsSubdomain, LabelsSchema } from '../schema/labels.ts';
import { checked, text } from '../schema/scalars.ts';
import { BastionChainSchema } from './bastion.ts';
import { DOCKER_NODE_KEYS } from './docker.ts';
import { config, group, mapped, ours, required, warned } from './key.ts';
import { SSH_LOGIN_KEYS } from './ssh-login.ts';
import { TaintSchema } from './taint.ts';

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

const { port, ...LOGIN_KEYS } = SSH_LOGIN_KEYS;

const NODE_KEYS = {
  address: required(
    mapped(HostAddressSchema, {
      description:
        'Where SSH reaches the node: name, IPv4 or IPv6 address. Together with `port` it tells nodes apart.',
      examples: ['10.0.0.11'],
      becomes: [ours('where SSH reaches the node')],
    }),
  ),
  port,
  internal_address: mapped(IpAddressSchema, {
    description: 'IP address that the other nodes use.',
    examples: ['192.168.0.11'],
    default: 'the address of the host’s default route, or `address` when the host has it',
    becomes: [config('node-ip')],
  }),
  hostname_override: mapped(NodeNameSchema, {
    description: 'The node’s name in Kubernetes.',
    examples: ['server-1'],
    default: '`address` in lower case if it is a name, else the host’s own hostname',
    becomes: [config('node-name')],
  }),
  role: required(
    mapped(
      z
        .array(RoleSchema, { error: 'must be a list of roles' })
        .min(1, { error: 'must name at least one role: `controlplane`, `etcd` or `worker`' }),
      {
        description:
          'What the node is for. etcd and controlplane nodes run rke2-server, pure workers run rke2-agent.',
        examples: [['controlplane', 'etcd', 'worker']],
        becomes: [
          ours('which service runs on the node'),
          config('disable-etcd'),
          config('disable-apiserver'),
          config('disable-controller-manager'),
          config('disable-scheduler'),
        ],
      },
    ),
  ),
  ...LOGIN_KEYS,
  bastion_host: group(BastionChainSchema, {
    description: 'Jump host on the way to this node, or a list of them. An empty list means none.',
    examples: [{ address: 'bastion.example.com', user: 'ubuntu' }],
    default: 'the `bastion_host` of the cluster',
  }),
  labels: mapped(LabelsSchema, {
    description: 'Labels that the node registers with.',
    examples: [{ 'example.com/rack': 'r1' }],
    becomes: [config('node-label')],
  }),
  taints: group(
    z.array(TaintSchema, { error: 'must be a list of taints, each with `key`, `value` and `effect`' }),
    {
      description: 'Taints that the node registers with.',
      examples: [[{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }]],
    },
  ),
  ...DOCKER_NODE_KEYS,
  nodeName: warned({
    description: 'Rancher’s own name for the node.',
    why: 'Rancher kept the name of its machine there, and nothing in the cluster follows from it.',
    instead: 'Leave the key out; the node’s name in Kubernetes is `hostname_override`.',
  }),
};

/** One machine of the cluster. */
export const NodeSchema = z
  .strictObject(NODE_KEYS, { error: 'must be a map that describes one node: `address`, `role`, …' })
  .meta({ examples: [{ address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] }] });

export type NodeInput = z.output<typeof NodeSchema>;
