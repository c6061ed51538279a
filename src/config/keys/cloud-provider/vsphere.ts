import * as z from 'zod';
import { FlagSchema, PortSchema, text } from '../../schema/scalars.ts';
import { chart, file, group, mapped, warned } from '../key.ts';

const CPI = 'rancher-vsphere-cpi';

/** The manifest with the two Secrets that the charts look for: credentials, and the storage driver's own configuration. */
const CREDENTIALS = file('/var/lib/rancher/rke2/server/manifests/rke2ctl-vsphere-credentials.yaml');

const TEXT = text('must be text');

const PLACE = {
  why: 'The provider outside Kubernetes takes the place of volumes from their StorageClass.',
  instead:
    'Leave it out; `chart_values.rancher-vsphere-csi.storageClass` has `datastoreURL` and `storagePolicyName`.',
};

function lost(description: string, about: { readonly why: string; readonly instead: string } = PLACE) {
  return warned({ description, ...about });
}

const ROUNDTRIPS = lost('How often a request to vCenter is tried again.', {
  why: 'The provider outside Kubernetes has no such setting.',
  instead: 'Leave the key out.',
});

const OLD_NAME = {
  why: 'The provider outside Kubernetes finds its machines by their UUID.',
  instead: 'Leave the key out; the machines need `disk.EnableUUID = TRUE`.',
};

const GLOBAL_KEYS = {
  user: mapped(TEXT, {
    description: 'User of vCenter, where `virtual_center` names none.',
    examples: ['k8s@vsphere.local'],
    becomes: [CREDENTIALS],
  }),
  password: mapped(TEXT, {
    description: 'Password of that user.',
    examples: ['env:VSPHERE_PASSWORD'],
    secret: true,
    becomes: [CREDENTIALS],
  }),
  server: mapped(TEXT, {
    description: 'Address of vCenter, where `virtual_center` names none.',
    examples: ['vcenter.example.com'],
    becomes: [chart(CPI, 'vCenter.host'), CREDENTIALS],
  }),
  port: mapped(PortSchema, {
    description: 'Port of vCenter, where `virtual_center` names none.',
    examples: [443],
    default: '`443`',
    becomes: [chart(CPI, 'vCenter.port'), CREDENTIALS],
  }),
  'insecure-flag': mapped(FlagSchema, {
    description: 'vCenter’s certificate is not verified.',
    examples: [false],
    default: '`false`',
    becomes: [chart(CPI, 'vCenter.insecureFlag'), CREDENTIALS],
  }),
  datacenter: mapped(TEXT, {
    description: 'The datacenter, where `virtual_center` names none.',
    examples: ['dc1'],
    becomes: [chart(CPI, 'vCenter.datacenters'), CREDENTIALS],
  }),
  datacenters: mapped(TEXT, {
    description: 'Datacenters, with commas between them, where `virtual_center` names none.',
    examples: ['dc1,dc2'],
    becomes: [chart(CPI, 'vCenter.datacenters'), CREDENTIALS],
  }),
  datastore: lost('Datastore of new volumes.'),
  'working-dir': lost('Folder of the machines.', OLD_NAME),
  'soap-roundtrip-count': ROUNDTRIPS,
  'vm-uuid': lost('UUID of the machine.', OLD_NAME),
  'vm-name': lost('Name of the machine.', OLD_NAME),
};

const CENTER_KEYS = {
  user: mapped(TEXT, {
    description: 'User of this vCenter.',
    examples: ['k8s@vsphere.local'],
    becomes: [CREDENTIALS],
  }),
  password: mapped(TEXT, {
    description: 'Password of that user.',
    examples: ['env:VSPHERE_PASSWORD'],
    secret: true,
    becomes: [CREDENTIALS],
  }),
  port: mapped(PortSchema, {
    description: 'Port of this vCenter.',
    examples: [443],
    default: '`443`',
    becomes: [chart(CPI, 'vCenter.port'), CREDENTIALS],
  }),
  datacenters: mapped(TEXT, {
    description: 'Its datacenters, with commas between them.',
    examples: ['dc1'],
    becomes: [chart(CPI, 'vCenter.datacenters'), CREDENTIALS],
  }),
  'soap-roundtrip-count': lost('How often a request to vCenter is tried again.', {
    why: 'The provider outside Kubernetes has no such setting.',
    instead: 'Leave the key out.',
  }),
};

const MAP = { error: 'must be a map of settings' };

const WORKSPACE_KEYS = {
  server: lost('vCenter of new volumes.'),
  datacenter: lost('Datacenter of new volumes.'),
  folder: lost('Folder of helper machines.'),
  'default-datastore': lost('Datastore of new volumes.'),
  'resourcepool-path': lost('Resource pool of helper machines.'),
};

/** RKE1's settings for vSphere, as far as the provider outside Kubernetes has them. */
const VSPHERE_KEYS = {
  global: group(z.strictObject(GLOBAL_KEYS, MAP), {
    description: 'Settings for all vCenters.',
    examples: [{ 'insecure-flag': true }],
  }),
  virtual_center: group(
    z.record(z.string(), z.strictObject(CENTER_KEYS, MAP), {
      error: 'must be a map by the address of vCenter',
    }),
    {
      description: 'vCenter by its address. RKE2’s charts take one.',
      examples: [{ 'vcenter.example.com': { user: 'k8s@vsphere.local', datacenters: 'dc1' } }],
    },
  ),
  network: group(
    z.strictObject(
      {
        'public-network': mapped(TEXT, {
          description: 'Network whose addresses are the machines’ outer ones.',
          examples: ['VM Network'],
          becomes: [chart(CPI, 'nodes.externalVmNetworkName'), chart(CPI, 'nodesEnable')],
        }),
      },
      MAP,
    ),
    { description: 'Networks of the machines.', examples: [{ 'public-network': 'VM Network' }] },
  ),
  disk: group(z.strictObject({ scsicontrollertype: lost('Controller of new volumes.') }, MAP), {
    description: 'Volumes.',
    examples: [{ scsicontrollertype: 'pvscsi' }],
  }),
  workspace: group(z.strictObject(WORKSPACE_KEYS, MAP), {
    description: 'Where new volumes go.',
    examples: [{ 'default-datastore': 'ds1' }],
  }),
};

export const VsphereSection = group(z.strictObject(VSPHERE_KEYS, MAP), {
  description: 'Settings of the cloud provider for vSphere.',
  examples: [
    { virtual_center: { 'vcenter.example.com': { user: 'k8s@vsphere.local', datacenters: 'dc1' } } },
  ],
});
