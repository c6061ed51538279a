import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { keyTable } from '../../src/config/keys/key-table.ts';
import type { Cluster } from '../../src/domain/cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { renderManifests } from '../../src/render/manifests.ts';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

const VSPHERE = `cluster_name: prod
cloud_provider:
  name: vsphere
  vsphereCloudProvider:
    global: {insecure-flag: false, user: common, password: env:VSPHERE_PASSWORD}
    virtual_center:
      vc.example.com: {port: "8443", datacenters: "dc1,dc2", user: 'k8s@vsphere.local'}
    network: {public-network: VM Network}
`;

function fileAt(cluster: Cluster, path: string): string | null {
  const found = cluster.files.find((file) => file.path === path);
  if (found === undefined) return null;
  return found.content instanceof Secret ? found.content.reveal() : found.content;
}

describe('cloud_provider', () => {
  it('asks for nothing when it is empty, as RKE1’s questionnaire wrote it', () => {
    const { files, rke2 } = readClusterYml('cloud_provider: {name: ""}');
    expect([files, rke2.server, rke2.agent]).toEqual([[], {}, {}]);
  });

  it('that is external leaves RKE2’s own controller away', () => {
    const { rke2 } = readClusterYml('cloud_provider: {name: external-aws}');
    expect(rke2.server).toEqual({ 'cloud-provider-name': 'external', 'disable-cloud-controller': true });
    expect(rke2.agent).toEqual({ 'cloud-provider-name': 'external' });
  });

  it('brings its configuration to every node, as it is written', () => {
    const cluster = readClusterYml(
      `cloud_provider:\n  name: external\n  customCloudProvider: |\n    [Global]\n    zone = \${zone}\n`,
    );
    const path = '/etc/rancher/rke2/rke2ctl/cloud-provider-config';
    expect(fileAt(cluster, path)).toBe(`[Global]\nzone = \${zone}\n`);
    expect(cluster.files[0]?.on).toBe('all');
    expect(cluster.rke2.server).toMatchObject({ 'cloud-provider-config': path });
    expect(cluster.rke2.agent).toMatchObject({ 'cloud-provider-config': path });
  });

  it('Harvester gets its kubeconfig where both of its charts look', () => {
    const cluster = readClusterYml(
      'cluster_name: prod\ncloud_provider: {harvesterCloudProvider: {cloud_config: "apiVersion: v1"}}',
    );
    const path = '/etc/rancher/rke2/rke2ctl/harvester/cloud-provider-config';
    expect(fileAt(cluster, path)).toBe('apiVersion: v1');
    expect(cluster.rke2.server).toEqual({
      'cloud-provider-name': 'harvester',
      'cloud-provider-config': path,
    });
    expect(cluster.chartValues).toEqual({
      'harvester-cloud-provider': { cloudConfigPath: path, global: { cattle: { clusterName: 'prod' } } },
      'harvester-csi-driver': { cloudConfig: { hostPath: '/etc/rancher/rke2/rke2ctl/harvester/' } },
    });
  });
});

describe('vSphere', () => {
  const cluster = readClusterYml(VSPHERE, { variables: { VSPHERE_PASSWORD: 'ge"heim' } });

  it('becomes RKE2’s provider and the values of its charts', () => {
    expect(cluster.rke2.server).toEqual({ 'cloud-provider-name': 'rancher-vsphere' });
    expect(cluster.chartValues).toEqual({
      'rancher-vsphere-cpi': {
        vCenter: {
          host: 'vc.example.com',
          port: 8443,
          insecureFlag: false,
          datacenters: 'dc1,dc2',
          credentialsSecret: { generate: false },
        },
        nodesEnable: true,
        nodes: { externalVmNetworkName: 'VM Network' },
      },
      'rancher-vsphere-csi': { vCenter: { configSecret: { generate: false } } },
    });
  });

  it('has its credentials in one manifest, and nowhere else', () => {
    const file = renderManifests(cluster).find(({ name }) => name === 'vsphere-credentials');
    const documents = parseAllDocuments(file?.content ?? '').map((each) => each.toJS() as unknown);
    expect(documents).toMatchObject([
      {
        kind: 'Secret',
        metadata: { name: 'vsphere-cpi-creds', namespace: 'kube-system' },
        stringData: {
          'vc.example.com.username': 'k8s@vsphere.local',
          'vc.example.com.password': 'ge"heim',
        },
      },
      { metadata: { name: 'vsphere-config-secret', namespace: 'kube-system' } },
    ]);
    const config = (documents[1] as { stringData: Record<string, string> }).stringData['csi-vsphere.conf'];
    expect(config).toBe(
      [
        '[Global]',
        'cluster-id = "prod"',
        'user = "k8s@vsphere.local"',
        'password = "ge\\"heim"',
        'port = "8443"',
        'insecure-flag = "0"',
        '',
        '[VirtualCenter "vc.example.com"]',
        'datacenters = "dc1,dc2"',
        '',
      ].join('\n'),
    );
    expect(JSON.stringify([describeCluster(cluster), cluster])).not.toContain('heim');
    const rendered = renderManifests(cluster).filter(({ content }) => content?.includes('heim'));
    expect(rendered.map(({ name }) => name)).toEqual(['vsphere-credentials']);
  });

  it('takes user, password, datacenter and address from `global`, too', () => {
    const text = `cluster_name: prod
cloud_provider: {name: vsphere, vsphereCloudProvider: {global: {server: vc, user: u, password: p, datacenter: dc1}}}`;
    expect(readClusterYml(text).chartValues['rancher-vsphere-cpi']).toMatchObject({
      vCenter: { host: 'vc', port: 443, datacenters: 'dc1' },
    });
  });

  it('can be spelled out by `chart_values`, which win', () => {
    const { chartValues } = readClusterYml(
      `${VSPHERE}chart_values: {rancher-vsphere-cpi: {vCenter: {port: 444}}, rancher-vsphere-csi: {storageClass: {isDefault: false}}}`,
      { variables: { VSPHERE_PASSWORD: 'x' } },
    );
    expect(chartValues['rancher-vsphere-csi']).toEqual({
      vCenter: { configSecret: { generate: false } },
      storageClass: { isDefault: false },
    });
    expect(chartValues['rancher-vsphere-cpi']).toMatchObject({
      vCenter: { host: 'vc.example.com', port: 444 },
    });
  });
});

describe('findings about the cloud', () => {
  it.each([
    ['{name: aws}', 'error cloud-provider-gone cloud_provider.name'],
    ['{name: azure}', 'error cloud-provider-gone cloud_provider.name'],
    ['{name: openstack}', 'error cloud-provider-gone cloud_provider.name'],
    ['{name: vshpere}', 'error cloud-provider-unknown cloud_provider.name'],
    ['{name: external}', 'warning cloud-provider-controller cloud_provider.name'],
    [
      '{name: external, useInstanceMetadataHostname: true}',
      'error rke1-refused cloud_provider.useInstanceMetadataHostname',
    ],
    [
      '{name: external, azureCloudProvider: {tenantId: x}}',
      'error rke1-refused cloud_provider.azureCloudProvider',
    ],
    [
      '{name: external-aws, awsCloudProvider: {global: {zone: x}}}',
      'error rke1-refused cloud_provider.awsCloudProvider',
    ],
    [
      '{openstackCloudProvider: {global: {username: x}}}',
      'error rke1-refused cloud_provider.openstackCloudProvider',
    ],
    ['{customCloudProvider: x}', 'error cloud-provider-unnamed cloud_provider.customCloudProvider'],
    ['{name: harvester}', 'error harvester-incomplete cloud_provider'],
    ['{name: vsphere}', 'error vsphere-incomplete cloud_provider'],
    [
      '{name: vsphere, vsphereCloudProvider: {virtual_center: {a: {user: u}}}}',
      'error vsphere-incomplete cloud_provider.vsphereCloudProvider',
    ],
    [
      '{name: vsphere, vsphereCloudProvider: {virtual_center: {a: {}, b: {}}}}',
      'error vsphere-centers cloud_provider.vsphereCloudProvider.virtual_center',
    ],
    [
      '{name: vsphere, vsphereCloudProvider: {virtual_center: {a: {user: u, password: p, datacenters: d}}}}',
      'warning vsphere-cluster-name cloud_provider.vsphereCloudProvider',
    ],
    [
      '{name: harvester, vsphereCloudProvider: {global: {user: u}}}',
      'error cloud-provider-other cloud_provider.vsphereCloudProvider',
    ],
    [
      '{name: vsphere, vsphereCloudProvider: {workspace: {default-datastore: ds}, virtual_center: {a: {}}}}',
      'warning rke1-no-meaning cloud_provider.vsphereCloudProvider.workspace.default-datastore',
    ],
  ])('%s: %s', (cloud, finding) => {
    expect(listFindingsOf(`cloud_provider: ${cloud}`)).toContain(finding);
  });

  it('know the controller that the file brings', () => {
    const lines =
      'cloud_provider: {name: external}\ncharts: [{name: ccm, chart: "oci://r.example.com/ccm", bootstrap: true}]';
    expect(listFindingsOf(lines)).toEqual([]);
  });

  it('leave RKE2’s own keys for it to this section', () => {
    expect(listFindingsOf('rke2: {server: {cloud-provider-name: external}}')).toEqual([
      'error rke2-key-owned rke2.server.cloud-provider-name',
    ]);
  });

  it('have a row for every key of every cloud', () => {
    const paths = keyTable().map(({ path }) => path);
    for (const path of [
      'awsCloudProvider.global.disable-strict-zone-check',
      'awsCloudProvider.service_override.*.signing-name',
      'azureCloudProvider.excludeMasterFromStandardLB',
      'openstackCloudProvider.load_balancer.manage-security-groups',
      'openstackCloudProvider.metadata.request-timeout',
      'vsphereCloudProvider.virtual_center.*.soap-roundtrip-count',
      'vsphereCloudProvider.disk.scsicontrollertype',
    ])
      expect(paths).toContain(`cloud_provider.${path}`);
  });
});
