import * as z from 'zod';
import type { ROLES } from '../../domain/role.ts';
import { CONFIG_PATH } from '../../rke2/paths.ts';
import { AddressRangeSchema } from '../schema/address-range.ts';
import { HostAddressSchema } from '../schema/addresses.ts';
import { InternalAddressSchema } from '../schema/internal-address.ts';
import { LabelsSchema } from '../schema/labels.ts';
import { NodeNameSchema } from '../schema/node-name.ts';
import { FlagSchema } from '../schema/scalars.ts';
import { BastionChainSchema } from './bastion.ts';
import { DOCKER_NODE_KEYS } from './docker.ts';
import { config, file, group, mapped, ours, own, required, warned } from './key.ts';
import { Rke2ValuesSchema } from './rke2.ts';
import { SSH_LOGIN_KEYS } from './ssh-login.ts';
import { TaintSchema } from './taint.ts';

const RoleSchema = z.enum(['etcd', 'controlplane', 'worker'] satisfies typeof ROLES, {
  error: 'must be `controlplane`, `etcd` or `worker`',
});

const { port, ...LOGIN_KEYS } = SSH_LOGIN_KEYS;

const NODE_KEYS = {
  address: mapped(HostAddressSchema, {
    description:
      'Where SSH reaches the node: name, IPv4 or IPv6 address. Together with `port` it tells nodes apart.',
    examples: ['10.0.0.11'],
    becomes: [ours('where SSH reaches the node')],
  }),
  address_range: own(AddressRangeSchema, {
    description:
      'Instead of `address`: the first and the last address of several nodes for which all the rest of the entry holds.',
    examples: ['10.0.0.11-10.0.0.30'],
    becomes: [ours('one node for each address')],
  }),
  port,
  internal_address: mapped(InternalAddressSchema, {
    description:
      'IP address that the other nodes use; with dual stack one per family: `10.0.0.11,fd00::11`. With `address_range` ranges of the same length.',
    examples: ['192.168.0.11', '192.168.0.11,fd00::11'],
    default: 'the address of the host’s default route, or `address` when the host has it',
    becomes: [config('node-ip')],
  }),
  follow: own(FlagSchema, {
    description:
      'For a node whose `address` is a name: the address behind that name may be another at any time, and the next `up` takes the node as it finds it. RKE2 then chooses `node-ip` itself at each start. Nothing runs on the host for it: after a move the cluster waits for that `up`.',
    examples: [true],
    default:
      '`false`: its address is written into RKE2’s settings, and a server that has another one is an error',
    becomes: [ours('that a changed address is mended without an edit, and that `node-ip` is left to RKE2')],
  }),
  hostname_override: mapped(NodeNameSchema, {
    description:
      'The node’s name in Kubernetes. With `address_range` it holds the place of a number: `{n}` counts from 1, `{nn}` with two digits, `{n=21}` from 21.',
    examples: ['server-1', 'worker-{nn}'],
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
  rke2: own(Rke2ValuesSchema, {
    description:
      'Keys of RKE2’s own config.yaml for this node alone. They win over `rke2.server` and `rke2.agent`; of arguments only the flags named here.',
    examples: [{ 'kubelet-arg': ['max-pods=200'] }],
    becomes: [file(CONFIG_PATH)],
  }),
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
