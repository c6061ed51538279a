import { DEFAULTS } from '../../defaults.ts';
import { showValue } from '../../finding.ts';
import { familyOf } from '../../ip.ts';
import { ImageSchema } from '../../schema/image.ts';
import { isDnsSubdomain } from '../../schema/labels.ts';
import { checked, FlagSchema, oneOrMany, splitValues, text } from '../../schema/scalars.ts';
import { config, mapped, warned } from '../key.ts';
import { argumentKeys, HOST_PROCESS_KEYS, lostKeys } from './component.ts';

const ClusterDomainSchema = checked(text('must be a domain name'), (domain) =>
  isDnsSubdomain(domain)
    ? null
    : {
        message: `${showValue(domain)} is not a domain name.`,
        hint: 'Small letters, digits, dashes and dots, such as `cluster.local`.',
      },
);

const ClusterDnsSchema = checked(oneOrMany('must be an IP address, or one per IP family'), (value) => {
  const wrong = splitValues(value).find((address) => familyOf(address) === null);
  return wrong === undefined
    ? null
    : {
        message: `${showValue(wrong)} is not an IP address.`,
        hint: 'Write an address of the service CIDR, such as `10.43.0.10`.',
      };
});

/** The kubelets. */
export const KUBELET_KEYS = {
  cluster_domain: mapped(ClusterDomainSchema, {
    description: 'Domain of the cluster’s DNS.',
    examples: ['cluster.local'],
    default: `\`${DEFAULTS.clusterDomain}\``,
    becomes: [config('cluster-domain')],
  }),
  cluster_dns_server: mapped(ClusterDnsSchema, {
    description: 'Address of the cluster’s DNS, inside the service CIDR.',
    examples: ['10.43.0.10'],
    default: `the ${DEFAULTS.clusterDnsOffset}th address of the service CIDR`,
    becomes: [config('cluster-dns')],
  }),
  infra_container_image: mapped(ImageSchema, {
    description: 'Image of the container that holds a pod together.',
    examples: ['registry.example.com/rancher/mirrored-pause:3.6'],
    default: 'the one that the version of RKE2 brings',
    becomes: [config('pause-image')],
  }),
  fail_swap_on: mapped(FlagSchema, {
    description: 'Whether the kubelet refuses to start on a host with swap.',
    examples: [false],
    default: '`false`',
    becomes: [config('kubelet-arg')],
  }),
  generate_serving_certificate: warned({
    description: 'Had serving certificates for the kubelets signed by the cluster’s own CA.',
    why: 'RKE2 always does that.',
    instead: 'Leave the key out.',
    harmless: [true],
  }),
  'pod-infra-container-image': warned({
    description: 'A flag of the kubelet that some of RKE1’s example files show beside its keys.',
    why: 'RKE1 did not know the key either, and passed over it.',
    instead: 'Leave it out; `infra_container_image` is the key for that image.',
  }),
  ...argumentKeys('kubelet', 'max-pods'),
  ...HOST_PROCESS_KEYS,
  ...lostKeys('kubelet'),
};
