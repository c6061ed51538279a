import {
  cluster,
  config,
  type ExpectedKey,
  file,
  group,
  lost,
  mapped,
  refused,
  warned,
} from './expected-key.ts';

const MANIFEST = `apiVersion: v1
kind: ConfigMap
metadata:
  name: greeting
  namespace: default
data:
  words: hello
`;

const IMAGES = [
  ...[
    'etcd',
    'alpine',
    'nginx_proxy',
    'cert_downloader',
    'kubernetes_services_sidecar',
    'kubedns',
    'dnsmasq',
  ],
  ...['kubedns_sidecar', 'kubedns_autoscaler', 'coredns', 'coredns_autoscaler', 'nodelocal', 'kubernetes'],
  ...['flannel', 'flannel_cni', 'calico_node', 'calico_cni', 'calico_controllers', 'calico_ctl'],
  ...['calico_flexvol', 'canal_node', 'canal_cni', 'canal_controllers', 'canal_flannel', 'canal_flexvol'],
  ...['weave_node', 'weave_cni', 'pod_infra_container', 'ingress', 'ingress_backend', 'ingress_webhook'],
  ...['metrics_server', 'windows_pod_infra_container', 'aci_cni_deploy_container', 'aci_host_container'],
  ...['aci_opflex_container', 'aci_mcast_container', 'aci_ovs_container', 'aci_controller_container'],
  ...['aci_gbp_server_container', 'aci_opflex_server_container'],
];

/** Top-level keys, and what stands below those that have no file of their own here. */
export const TOP_KEYS: readonly ExpectedKey[] = [
  group('nodes'),
  group('services'),
  group('network'),
  group('authentication'),
  group('authorization'),
  refused('authorization.mode', 'none'),
  lost('authorization.options', { a: 'b' }),
  mapped('addons', MANIFEST, file(/server\/manifests\/rke2ctl-.*\.yaml$/, 'greeting')),
  mapped(
    'addons_include',
    ['rke1-keys/greeting.yaml'],
    file(/server\/manifests\/rke2ctl-.*\.yaml$/, 'hello from a file'),
  ),
  mapped('addon_job_timeout', 90, cluster('addonTimeoutMs', 90_000)),
  group('system_images'),
  ...IMAGES.map((name) => warned(`system_images.${name}`, `rancher/${name}:v1.2.3`)),
  mapped('ssh_key_path', '/keys/mine', cluster('nodes.0.auth.keyPaths', ['/keys/mine'])),
  mapped(
    'ssh_cert_path',
    '/keys/mine-cert.pub',
    cluster('nodes.0.auth.certificatePath', '/keys/mine-cert.pub'),
    { ssh_key_path: '/keys/mine' },
  ),
  mapped('ssh_agent_auth', true, cluster('nodes.0.auth.agent', 'required')),
  // `true` allowed what happens anyway; `false` asks for a look at a Docker that is not there.
  warned('ignore_docker_version', 'sometimes'),
  warned('enable_cri_dockerd', true),
  warned('cri_dockerd_stream_server_address', '127.0.0.1'),
  warned('cri_dockerd_stream_server_port', '10010'),
  mapped('kubernetes_version', 'v1.35.7+rke2r1', cluster('version', 'v1.35.7+rke2r1')),
  group('private_registries'),
  group('ingress'),
  mapped('cluster_name', 'prod', cluster('name', 'prod')),
  group('cloud_provider'),
  mapped('prefix_path', '/data', [
    cluster('dataDir', '/data/var/lib/rancher/rke2'),
    config('data-dir', '/data/var/lib/rancher/rke2', 'both'),
  ]),
  warned('win_prefix_path', 'c:/'),
  group('bastion_host'),
  group('monitoring'),
  group('restore'),
  refused('restore.restore', true),
  // Without `restore: true` RKE1 did nothing with the name.
  lost('restore.snapshot_name', 'monday'),
  group('rotate_certificates'),
  refused('rotate_certificates.cacertificates', true),
  refused('rotate_certificates.services', ['kubelet']),
  refused('rotate_encryption_key', true),
  group('dns'),
  group('upgrade_strategy'),
  mapped('upgrade_strategy.max_unavailable_worker', '25%', cluster('upgrade.maxUnavailableWorker', '25%')),
  mapped(
    'upgrade_strategy.max_unavailable_controlplane',
    '2',
    cluster('upgrade.maxUnavailableControlplane', '2'),
  ),
  mapped('upgrade_strategy.drain', true, cluster('upgrade.drain', true)),
  group('upgrade_strategy.node_drain_input'),
  mapped('upgrade_strategy.node_drain_input.force', true, cluster('upgrade.drainInput.force', true)),
  mapped(
    'upgrade_strategy.node_drain_input.ignore_daemonsets',
    false,
    cluster('upgrade.drainInput.ignoreDaemonsets', false),
  ),
  mapped(
    'upgrade_strategy.node_drain_input.delete_local_data',
    true,
    cluster('upgrade.drainInput.deleteEmptydir', true),
  ),
  mapped(
    'upgrade_strategy.node_drain_input.grace_period',
    30,
    cluster('upgrade.drainInput.gracePeriodSeconds', 30),
  ),
  mapped('upgrade_strategy.node_drain_input.timeout', 300, cluster('upgrade.drainInput.timeoutSeconds', 300)),
];
