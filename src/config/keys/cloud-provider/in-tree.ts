import * as z from 'zod';
import { lostGroup, lostSettings } from './lost.ts';

const AWS = {
  why: 'Kubernetes has no cloud provider for AWS of its own any more; the external one takes its settings from its chart.',
  instead:
    'Leave it out, write `name: external-aws`, and bring the chart aws-cloud-controller-manager in `charts` with these settings as its values.',
};

/** RKE1's settings for AWS. */
export const AwsSection = lostGroup('Settings of the cloud provider for AWS', AWS, {
  global: lostGroup(
    'Settings of the whole cluster',
    AWS,
    lostSettings(
      'the cloud provider for AWS',
      AWS,
      `zone vpc subnet-id routetable-id role-arn kubernetes-cluster-tag kubernetes-cluster-id
       disable-security-group-ingress elb-security-group disable-strict-zone-check`,
    ),
  ),
  service_override: lostGroup(
    'Other addresses of AWS’ services',
    AWS,
    z.record(
      z.string(),
      z.looseObject(
        lostSettings(
          'an address of a service of AWS',
          AWS,
          'service region url signing-region signing-method signing-name',
        ),
      ),
    ),
  ),
});

const AZURE = {
  why: 'Kubernetes has no cloud provider for Azure of its own any more.',
  instead:
    'Leave it out, write `name: external`, and bring the chart cloud-provider-azure in `charts`; these settings go into the Secret or file that its values name.',
};

/** RKE1's settings for Azure. */
export const AzureSection = lostGroup(
  'Settings of the cloud provider for Azure',
  AZURE,
  lostSettings(
    'the cloud provider for Azure',
    AZURE,
    `cloud tenantId subscriptionId resourceGroup location vnetName vnetResourceGroup subnetName securityGroupName
     securityGroupResourceGroup routeTableName primaryAvailabilitySetName vmType primaryScaleSetName aadClientId
     aadClientSecret aadClientCertPath aadClientCertPassword cloudProviderBackoff cloudProviderBackoffRetries
     cloudProviderBackoffExponent cloudProviderBackoffDuration cloudProviderBackoffJitter cloudProviderRateLimit
     cloudProviderRateLimitQPS cloudProviderRateLimitBucket useInstanceMetadata useManagedIdentityExtension
     userAssignedIdentityID maximumLoadBalancerRuleCount loadBalancerSku excludeMasterFromStandardLB tags`,
  ),
);

const OPENSTACK = {
  why: 'Kubernetes has no cloud provider for OpenStack of its own any more.',
  instead:
    'Leave it out, write `name: external`, and bring the charts openstack-cloud-controller-manager and openstack-cinder-csi in `charts`; these settings go into the cloud.conf among their values.',
};

const OPENSTACK_PARTS: Readonly<Record<string, string>> = {
  global: `auth-url username user-id password tenant-id tenant-name trust-id domain-id domain-name region ca-file`,
  load_balancer: `lb-version use-octavia subnet-id floating-network-id lb-method lb-provider create-monitor
    monitor-delay monitor-timeout monitor-max-retries manage-security-groups`,
  block_storage: `bs-version trust-device-path ignore-volume-az`,
  route: `router-id`,
  metadata: `search-order request-timeout`,
};

/** RKE1's settings for OpenStack. */
export const OpenstackSection = lostGroup(
  'Settings of the cloud provider for OpenStack',
  OPENSTACK,
  Object.fromEntries(
    Object.entries(OPENSTACK_PARTS).map(([part, names]) => [
      part,
      lostGroup(
        `The part ${part.replaceAll('_', ' ')} of OpenStack’s settings`,
        OPENSTACK,
        lostSettings('the cloud provider for OpenStack', OPENSTACK, names),
      ),
    ]),
  ),
);
