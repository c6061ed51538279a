import * as z from 'zod';
import { showValue } from '../finding.ts';
import { EndpointSchema } from '../schema/endpoint.ts';
import { checkVersion } from '../schema/kubernetes-version.ts';
import { SansSchema } from '../schema/sans.ts';
import { checked, text } from '../schema/scalars.ts';
import { SshAgentAuthSchema, SshCertPathSchema, SshKeyPathSchema } from '../schema/ssh-auth.ts';
import { BastionChainSchema } from './bastion.ts';
import { FirewallSchema } from './firewall.ts';
import { InstallSchema } from './install.ts';
import { KubeconfigSchema } from './kubeconfig.ts';
import { NetworkSchema } from './network.ts';
import { NodeSchema } from './node.ts';
import { RegistrySchema } from './registries.ts';
import { Rke2Schema } from './rke2.ts';
import { ServicesSchema } from './services.ts';
import { SshSchema } from './ssh.ts';

const ClusterNameSchema = checked(text('must be a name'), (name) =>
  /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(name)
    ? null
    : {
        message: `${showValue(name)} cannot be the name of a cluster.`,
        hint: 'At most 63 letters, digits, `-`, `_` and `.`; the first and the last are letters or digits.',
      },
);

/** All of cluster.yml. */
export const ClusterSchema = z.strictObject(
  {
    cluster_name: ClusterNameSchema.meta({
      description: 'Name of the cluster, and of its context in the kubeconfig. Default local.',
      examples: ['prod'],
    }).optional(),
    kubernetes_version: checked(text('must be a version of RKE2 such as `v1.35.7+rke2r1`'), checkVersion)
      .meta({
        description:
          'The version of RKE2. Absent: what the artifacts hold or the channel says, once; only a version written here ever upgrades.',
        examples: ['v1.35.7+rke2r1'],
      })
      .optional(),
    nodes: z
      .array(NodeSchema, { error: 'must be a list of nodes, each with `address` and `role`' })
      .min(1, { error: 'must hold at least one node' })
      .meta({
        description: 'The machines of the cluster.',
        examples: [[{ address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] }]],
      }),
    endpoint: EndpointSchema.optional(),
    install: InstallSchema.meta({
      description: 'How RKE2 gets onto the nodes.',
      examples: [{ method: 'script' }],
    }).optional(),
    network: NetworkSchema.meta({ description: 'The CNI.', examples: [{ plugin: 'canal' }] }).optional(),
    services: ServicesSchema.meta({
      description: 'Address ranges and DNS of the cluster.',
      examples: [{ 'kube-controller': { cluster_cidr: '10.42.0.0/16' } }],
    }).optional(),
    authentication: z
      .strictObject({ sans: SansSchema.optional() }, { error: 'must be a map with `sans`' })
      .meta({ description: 'Who the API server says it is.', examples: [{ sans: ['k8s.example.com'] }] })
      .optional(),
    private_registries: z
      .array(RegistrySchema, { error: 'must be a list of registries' })
      .meta({
        description: 'Registries that images come from.',
        examples: [[{ url: 'registry.example.com:5000', is_default: true }]],
      })
      .optional(),
    firewall: FirewallSchema.meta({
      description: 'What is done about the hosts’ firewall.',
      examples: [{ provider: 'none' }],
    }).optional(),
    prepare: z
      .array(
        z.enum(['network-manager', 'cis-sysctl', 'cis-user', 'inotify'], {
          error: 'must be `network-manager`, `cis-sysctl`, `cis-user` or `inotify`',
        }),
        { error: 'must be a list of preparations' },
      )
      .meta({
        description: 'Changes to the hosts beyond RKE2’s own files; only those named here are made.',
        examples: [['network-manager', 'inotify']],
      })
      .optional(),
    kubeconfig: KubeconfigSchema.meta({
      description: 'The kubeconfig that `up` writes.',
      examples: [{ path: '~/.kube/prod.yaml' }],
    }).optional(),
    ssh: SshSchema.meta({ description: 'How SSH is done.', examples: [{ client: 'openssh' }] }).optional(),
    ssh_key_path: SshKeyPathSchema.optional(),
    ssh_cert_path: SshCertPathSchema.optional(),
    ssh_agent_auth: SshAgentAuthSchema.optional(),
    bastion_host: BastionChainSchema.optional(),
    rke2: Rke2Schema.meta({
      description: 'Further keys of RKE2’s own config.yaml.',
      examples: [{ server: { profile: 'cis' } }],
    }).optional(),
  },
  { error: 'must be a map of settings: `nodes`, `cluster_name`, …' },
);

/** cluster.yml as it is written, once it is known to be well-formed. */
export type ClusterInput = z.output<typeof ClusterSchema>;
