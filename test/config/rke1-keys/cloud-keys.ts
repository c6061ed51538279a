import { chart, config, type ExpectedKey, file, group, lost, mapped, type Place } from './expected-key.ts';

const at = (key: string) => `cloud_provider.${key}`;
const list = (text: string) => text.trim().split(/\s+/);

/** In-tree providers, which Kubernetes itself no longer has: their settings go to nobody. */
const AWS = list(`global.zone global.vpc global.subnet-id global.routetable-id global.role-arn
  global.kubernetes-cluster-tag global.kubernetes-cluster-id global.disable-security-group-ingress
  global.elb-security-group global.disable-strict-zone-check
  service_override.*.service service_override.*.region service_override.*.url service_override.*.signing-region
  service_override.*.signing-method service_override.*.signing-name`);

const AZURE = list(`cloud tenantId subscriptionId resourceGroup location vnetName vnetResourceGroup subnetName
  securityGroupName securityGroupResourceGroup routeTableName primaryAvailabilitySetName vmType
  primaryScaleSetName aadClientId aadClientSecret aadClientCertPath aadClientCertPassword
  cloudProviderBackoff cloudProviderBackoffRetries cloudProviderBackoffExponent cloudProviderBackoffDuration
  cloudProviderBackoffJitter cloudProviderRateLimit cloudProviderRateLimitQPS cloudProviderRateLimitBucket
  useInstanceMetadata useManagedIdentityExtension userAssignedIdentityID maximumLoadBalancerRuleCount
  loadBalancerSku excludeMasterFromStandardLB tags`);

const OPENSTACK = list(`global.auth-url global.username global.user-id global.password global.tenant-id
  global.tenant-name global.trust-id global.domain-id global.domain-name global.region global.ca-file
  load_balancer.lb-version load_balancer.use-octavia load_balancer.subnet-id load_balancer.floating-network-id
  load_balancer.lb-method load_balancer.lb-provider load_balancer.create-monitor load_balancer.monitor-delay
  load_balancer.monitor-timeout load_balancer.monitor-max-retries load_balancer.manage-security-groups
  block_storage.bs-version block_storage.trust-device-path block_storage.ignore-volume-az
  route.router-id metadata.search-order metadata.request-timeout`);

const VSPHERE_LOST = list(`global.working-dir global.soap-roundtrip-count global.vm-uuid global.vm-name
  global.datastore virtual_center.*.soap-roundtrip-count
  disk.scsicontrollertype workspace.server workspace.datacenter workspace.folder workspace.default-datastore
  workspace.resourcepool-path`);

/** Every map on the way to the keys, once. */
function groupsOf(provider: string, keys: readonly string[]): readonly ExpectedKey[] {
  const maps = keys.flatMap((key) => key.split('.').slice(0, -1).slice(0, 1));
  return [...new Set(maps.filter((name) => name !== '*'))].map((name) => group(at(`${provider}.${name}`)));
}

function lostIn(provider: string, keys: readonly string[]): readonly ExpectedKey[] {
  return [
    group(at(provider)),
    ...groupsOf(provider, keys),
    ...keys.map((key) => lost(at(`${provider}.${key}`), 'x')),
  ];
}

const CPI = 'rancher-vsphere-cpi';
const VSPHERE = { [at('name')]: 'vsphere' };
const CENTER = {
  ...VSPHERE,
  [at('vsphereCloudProvider.virtual_center')]: {
    'vc.example.com': { user: 'clerk', password: 'hush-hush', datacenters: 'dc7', port: '4443' },
  },
};
const center = (key: string, sample: unknown, place: Place) =>
  mapped(at(`vsphereCloudProvider.virtual_center.*.${key}`), sample, place, CENTER);
const GLOBAL = {
  ...VSPHERE,
  [at('vsphereCloudProvider.global.server')]: 'vc.example.com',
  [at('vsphereCloudProvider.global.user')]: 'clerk',
  [at('vsphereCloudProvider.global.password')]: 'hush-hush',
  [at('vsphereCloudProvider.global.datacenters')]: 'dc7',
};
const global = (key: string, sample: unknown, place: Place) =>
  mapped(at(`vsphereCloudProvider.global.${key}`), sample, place, GLOBAL);
/** User and password stand in a Secret of their own. */
const CREDENTIALS = /server\/manifests\/.*vsphere/;

/** `cloud_provider`. */
export const CLOUD_KEYS: readonly ExpectedKey[] = [
  mapped(at('name'), 'harvester', config('cloud-provider-name', 'harvester', 'both'), {
    [at('harvesterCloudProvider.cloud_config')]: 'apiVersion: v1\nkind: Config\n',
  }),
  lost(at('useInstanceMetadataHostname'), true),
  ...lostIn('awsCloudProvider', AWS),
  ...lostIn('azureCloudProvider', AZURE),
  ...lostIn('openstackCloudProvider', OPENSTACK),
  group(at('vsphereCloudProvider')),
  ...['global', 'virtual_center', 'network', 'disk', 'workspace'].map((name) =>
    group(at(`vsphereCloudProvider.${name}`)),
  ),
  global('user', 'clerk', file(CREDENTIALS, 'clerk')),
  global('password', 'hush-hush', file(CREDENTIALS, 'hush-hush')),
  global('server', 'vc.example.com', chart(CPI, 'vc.example.com', 'vCenter.host')),
  global('port', '4443', chart(CPI, 4443, 'vCenter.port')),
  global('insecure-flag', true, chart(CPI, true, 'vCenter.insecureFlag')),
  global('datacenters', 'dc7', chart(CPI, 'dc7', 'vCenter.datacenters')),
  mapped(at('vsphereCloudProvider.global.datacenter'), 'dc8', chart(CPI, 'dc8', 'vCenter.datacenters'), {
    ...VSPHERE,
    [at('vsphereCloudProvider.global.server')]: 'vc.example.com',
    [at('vsphereCloudProvider.global.user')]: 'clerk',
    [at('vsphereCloudProvider.global.password')]: 'hush-hush',
  }),
  center('user', 'clerk', file(CREDENTIALS, 'clerk')),
  center('password', 'hush-hush', file(CREDENTIALS, 'hush-hush')),
  center('port', 4443, chart(CPI, 4443, 'vCenter.port')),
  center('datacenters', 'dc7', chart(CPI, 'dc7', 'vCenter.datacenters')),
  mapped(at('vsphereCloudProvider.network.public-network'), 'vm-net', chart(CPI, 'vm-net'), CENTER),
  ...VSPHERE_LOST.map((key) => lost(at(`vsphereCloudProvider.${key}`), 'x', VSPHERE)),
  group(at('harvesterCloudProvider')),
  mapped(
    at('harvesterCloudProvider.cloud_config'),
    'apiVersion: v1\nkind: Config\nclusters: [{name: harvested}]\n',
    [file(/rancher\/rke2\/rke2ctl\//, 'harvested'), config('cloud-provider-config', /rke2ctl/, 'server')],
    { [at('name')]: 'harvester' },
  ),
  mapped(at('customCloudProvider'), '[Global]\nmine=yes\n', file(/rancher\/rke2\/rke2ctl\//, 'mine=yes'), {
    [at('name')]: 'external',
  }),
];
