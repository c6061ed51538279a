import * as z from 'zod';
import { type Mistake, showValue } from '../finding.ts';
import { findNearestName } from '../nearest-name.ts';
import { checked, text } from '../schema/scalars.ts';
import { AwsSection, AzureSection, OpenstackSection } from './cloud-provider/in-tree.ts';
import { VsphereSection } from './cloud-provider/vsphere.ts';
import { config, file, group, mapped, ours, refused } from './key.ts';

/** RKE1's names and RKE2's, to what RKE2 calls it. */
export const CLOUD_PROVIDERS = {
  external: 'external',
  'external-aws': 'external',
  vsphere: 'rancher-vsphere',
  'rancher-vsphere': 'rancher-vsphere',
  harvester: 'harvester',
  ovirt: 'ovirt',
} as const;

/** What stands in for the cloud providers that were part of Kubernetes itself. */
const GONE: Readonly<Record<string, string>> = {
  aws: 'Write `name: external-aws`, and bring the chart aws-cloud-controller-manager in `charts`.',
  azure: 'Write `name: external`, and bring the chart cloud-provider-azure in `charts`.',
  openstack:
    'Write `name: external`, and bring the charts openstack-cloud-controller-manager and openstack-cinder-csi in `charts`.',
  gce: 'Write `name: external`, and bring the chart or manifests of cloud-provider-gcp.',
};

const NameSchema = checked(text('must be the name of a cloud provider'), (name) =>
  Object.hasOwn(CLOUD_PROVIDERS, name) ? null : explainName(name),
);

function explainName(name: string): Mistake {
  const gone = GONE[name];
  if (gone !== undefined) {
    return {
      code: 'cloud-provider-gone',
      message: `The cloud provider ${name} was part of Kubernetes itself and is no more: it runs as a controller in the cluster now.`,
      hint: gone,
    };
  }
  const nearest = findNearestName(name, Object.keys(CLOUD_PROVIDERS));
  return {
    code: 'cloud-provider-unknown',
    message: `RKE2 brings no cloud provider ${showValue(name)}.`,
    hint: nearest
      ? `Did you mean \`${nearest}\`?`
      : 'Write `name: external`, and bring its controller with `charts` or `addons_include`.',
  };
}

const CLOUD_CONFIG = file('/etc/rancher/rke2/rke2ctl/cloud-provider-config');

/** The cloud that the machines stand in: RKE1's section. */
const CLOUD_PROVIDER_KEYS = {
  name: mapped(NameSchema, {
    description:
      'Who gives nodes their addresses and Services their load balancers. RKE2 brings vSphere’s, Harvester’s and oVirt’s; any other is `external` and comes with `charts` or `addons_include`.',
    examples: ['external', 'vsphere', 'harvester'],
    default: 'RKE2’s own, which only knows the addresses of the nodes',
    becomes: [config('cloud-provider-name'), ours('`disable-cloud-controller: true` with `external`')],
  }),
  customCloudProvider: mapped(text('must be the text of the cloud provider’s configuration'), {
    description: 'The text of the cloud provider’s own configuration file, carried to every node.',
    examples: ['[Global]\nzone = eu-1\n'],
    secret: true,
    verbatim: true,
    becomes: [CLOUD_CONFIG, config('cloud-provider-config')],
  }),
  harvesterCloudProvider: group(
    z.strictObject(
      {
        cloud_config: mapped(text('must be the text of a kubeconfig'), {
          description: 'Kubeconfig of the Harvester cluster, as its own script generates it for a namespace.',
          examples: ['file:./harvester-kubeconfig.yaml'],
          secret: true,
          verbatim: true,
          becomes: [
            file('/etc/rancher/rke2/rke2ctl/harvester/cloud-provider-config'),
            config('cloud-provider-config'),
          ],
        }),
      },
      { error: 'must be a map with `cloud_config`' },
    ),
    {
      description: 'Settings of the cloud provider for Harvester.',
      examples: [{ cloud_config: 'file:./harvester-kubeconfig.yaml' }],
    },
  ),
  vsphereCloudProvider: VsphereSection,
  useInstanceMetadataHostname: refused({
    description: 'Nodes got their names from the cloud.',
    why: 'rke2ctl must know the names of the nodes before they start.',
    instead:
      'Leave it out, and set `hostname_override` of each node to its name in the cloud (on AWS the private DNS name).',
  }),
  awsCloudProvider: AwsSection,
  azureCloudProvider: AzureSection,
  openstackCloudProvider: OpenstackSection,
};

export const CloudProviderSection = group(
  z.strictObject(CLOUD_PROVIDER_KEYS, { error: 'must be a map with `name`' }),
  { description: 'The cloud that the machines stand in.', examples: [{ name: 'external' }] },
);
