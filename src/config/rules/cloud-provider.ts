import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake, type Path } from '../finding.ts';

type CloudDraft = NonNullable<ClusterDraft['cloud_provider']>;

const PATH: Path = ['cloud_provider'];
const VSPHERE: Path = [...PATH, 'vsphereCloudProvider'];

/** The cloud provider: its name and its settings must belong together, and be enough. */
export function checkCloudProvider(draft: ClusterDraft): readonly Finding[] {
  const cloud = draft.cloud_provider;
  if (!cloud || ('name' in cloud && cloud.name === undefined)) return [];
  const hasVsphere = cloud.vsphereCloudProvider !== undefined;
  const hasHarvester = cloud.harvesterCloudProvider !== undefined;
  const name = cloud.name ?? (hasVsphere ? 'vsphere' : hasHarvester ? 'harvester' : null);
  if (name === null) return cloud.customCloudProvider === undefined ? [] : [withoutName()];
  const isVsphere = name === 'vsphere' || name === 'rancher-vsphere';
  return [
    ...(hasVsphere && !isVsphere ? [foreign('vsphereCloudProvider', 'vsphere', name)] : []),
    ...(hasHarvester && name !== 'harvester' ? [foreign('harvesterCloudProvider', 'harvester', name)] : []),
    ...(isVsphere ? checkVsphere(cloud, draft) : []),
    ...(name === 'harvester' ? checkHarvester(cloud) : []),
    ...(name === 'external' || name === 'external-aws' ? checkExternal(draft, name) : []),
  ];
}

function withoutName(): Finding {
  return findingAt([...PATH, 'customCloudProvider'], {
    code: 'cloud-provider-unnamed',
    message: 'A cloud provider’s configuration is of no use without its name.',
    hint: 'Add `name: external`, and bring its controller with `charts` or `addons_include`.',
  });
}

function foreign(section: string, owner: string, name: string): Finding {
  const message = `\`${section}\` belongs to the cloud provider ${owner}, and the name is ${name}.`;
  const hint = `Write \`name: ${owner}\`, or leave \`${section}\` out.`;
  return findingAt([...PATH, section], { code: 'cloud-provider-other', message, hint }, 'key');
}

function checkVsphere(cloud: CloudDraft, draft: ClusterDraft): readonly Finding[] {
  const { global, virtual_center: centers } = cloud.vsphereCloudProvider ?? {};
  const hosts = Object.keys(centers ?? {});
  if (hosts.length > 1) {
    const names = hosts.join(', ');
    const message = `RKE2's charts for vSphere take one vCenter; here are ${hosts.length}: ${names}.`;
    const hint =
      'Leave one; for several write `chart_values` of rancher-vsphere-cpi and -csi with `cloudConfig.generate: false` and `configSecret.generate: false`, and bring their configuration with `addons`.';
    return [findingAt([...VSPHERE, 'virtual_center'], { code: 'vsphere-centers', message, hint })];
  }
  const [host = global?.server] = hosts;
  const own = host === undefined ? undefined : centers?.[host];
  const hasValues = draft.chart_values?.['rancher-vsphere-cpi'] !== undefined;
  if (host === undefined) {
    return hasValues ? [] : [incomplete(PATH, 'the address of vCenter')];
  }
  const missing = [
    ...(own?.user === undefined && global?.user === undefined ? ['the user'] : []),
    ...(own?.password === undefined && global?.password === undefined ? ['the password'] : []),
    ...([own?.datacenters, global?.datacenters, global?.datacenter].every((each) => each === undefined)
      ? ['the datacenter']
      : []),
  ];
  const findings = missing.length === 0 ? [] : [incomplete(VSPHERE, missing.join(' and '))];
  if (draft.cluster_name === undefined || draft.cluster_name === 'local') {
    findings.push(
      findingAt(
        VSPHERE,
        {
          code: 'vsphere-cluster-name',
          severity: 'warning',
          message:
            'vCenter tells the volumes of clusters apart by `cluster_name`, which here is the usual `local`.',
          hint: 'Give the cluster a name of its own before it has volumes.',
        },
        'key',
      ),
    );
  }
  return findings;
}

function incomplete(path: Path, what: string): Finding {
  const mistake: Mistake = {
    code: 'vsphere-incomplete',
    message: `vSphere’s cloud provider lacks ${what}.`,
    hint: 'Write `vsphereCloudProvider: {virtual_center: {vcenter.example.com: {user: …, password: "env:VSPHERE_PASSWORD", datacenters: dc1}}}`.',
  };
  return findingAt(path, mistake, 'key');
}

function checkHarvester(cloud: CloudDraft): readonly Finding[] {
  if (cloud.harvesterCloudProvider?.cloud_config !== undefined || cloud.customCloudProvider !== undefined)
    return [];
  const mistake: Mistake = {
    code: 'harvester-incomplete',
    message: 'Harvester’s cloud provider lacks the kubeconfig by which it reaches Harvester.',
    hint: 'Write `harvesterCloudProvider: {cloud_config: "file:./harvester-kubeconfig.yaml"}`; Harvester’s script generate_addon.sh makes that file.',
  };
  return [findingAt(PATH, mistake, 'key')];
}

/** Nodes stay tainted until the provider's own controller has seen them: somebody must bring it. */
function checkExternal(draft: ClusterDraft, name: string): readonly Finding[] {
  const brings =
    [draft.charts, draft.addons_include].some((list) => (list?.length ?? 0) > 0) ||
    draft.addons !== undefined;
  if (brings) return [];
  const what = name === 'external-aws' ? 'aws-cloud-controller-manager' : 'The cloud provider’s controller';
  return [
    findingAt([...PATH, 'name'], {
      code: 'cloud-provider-controller',
      severity: 'warning',
      message: `${what} is not among \`charts\` and \`addons\`: until it runs in the cluster, every node keeps the taint node.cloudprovider.kubernetes.io/uninitialized, and no pod starts there.`,
      hint: 'Bring it with `charts` (`bootstrap: true`) or `addons_include`.',
    }),
  ];
}
