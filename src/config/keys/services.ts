import * as z from 'zod';
import { showValue } from '../finding.ts';
import { familyOf } from '../ip.ts';
import { cidrs } from '../schema/cidrs.ts';
import { isDnsSubdomain } from '../schema/labels.ts';
import { checked, oneOrMany, splitValues, text } from '../schema/scalars.ts';

const MAP = { error: 'must be a map of settings' };

const ServiceCidrSchema = cidrs('10.43.0.0/16').meta({
  description:
    'CIDR of the services; one per IP family. Cannot be changed once the cluster runs. Default 10.43.0.0/16.',
  examples: ['10.43.0.0/16', '10.43.0.0/16,fd00:43::/112'],
});

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

/** RKE1's place for the cluster's address ranges; its other settings of components are named where they are refused. */
export const ServicesSchema = z.strictObject(
  {
    'kube-api': z
      .strictObject({ service_cluster_ip_range: ServiceCidrSchema.optional() }, MAP)
      .meta({ description: 'The API server.' })
      .optional(),
    'kube-controller': z
      .strictObject(
        {
          cluster_cidr: cidrs('10.42.0.0/16')
            .meta({
              description:
                'CIDR of the pods; one per IP family. Cannot be changed once the cluster runs. Default 10.42.0.0/16.',
              examples: ['10.42.0.0/16', '10.42.0.0/16,fd00:42::/56'],
            })
            .optional(),
          service_cluster_ip_range: ServiceCidrSchema.meta({
            description: 'As RKE1 has it a second time: the same value as in `kube-api`.',
          }).optional(),
        },
        MAP,
      )
      .meta({ description: 'The controller manager.' })
      .optional(),
    kubelet: z
      .strictObject(
        {
          cluster_domain: ClusterDomainSchema.meta({
            description: 'Domain of the cluster’s DNS. Default cluster.local.',
            examples: ['cluster.local'],
          }).optional(),
          cluster_dns_server: ClusterDnsSchema.meta({
            description: 'Address of the cluster’s DNS, inside the service CIDR. Default: its 10th address.',
            examples: ['10.43.0.10'],
          }).optional(),
        },
        MAP,
      )
      .meta({ description: 'The kubelets.' })
      .optional(),
    etcd: z.strictObject({}, MAP).optional(),
    scheduler: z.strictObject({}, MAP).optional(),
    kubeproxy: z.strictObject({}, MAP).optional(),
  },
  { error: 'must be a map with `kube-api`, `kube-controller` and `kubelet`' },
);
