import { chart, config, type ExpectedKey, group, lost, mapped, refused } from './expected-key.ts';

const option = (key: string) => `network.options.${key}`;
const CALICO = { 'network.plugin': 'calico' };
const FLANNEL = { 'network.plugin': 'flannel' };
const SELECTOR = { pool: 'net' };
const TOLERATION = { key: 'net-taint', operator: 'Exists', effect: 'NoExecute' };

/** `network`, without ACI. */
export const NETWORK_KEYS: readonly ExpectedKey[] = [
  mapped('network.plugin', 'calico', config('cni', 'calico')),
  group('network.options'),
  mapped(option('canal_iface'), 'eth7', chart('rke2-canal', 'eth7', 'flannel.iface')),
  mapped(option('flannel_iface'), 'eth7', chart('rke2-flannel', /--iface=eth7$/), FLANNEL),
  mapped(option('canal_flannel_backend_type'), 'host-gw', chart('rke2-canal', 'host-gw', 'flannel.backend')),
  mapped(option('flannel_backend_type'), 'host-gw', chart('rke2-flannel', 'host-gw'), FLANNEL),
  mapped(option('canal_flannel_backend_port'), '8473', chart('rke2-canal', 8473, 'flannel.backendPort')),
  mapped(option('canal_flannel_backend_vni'), '77', chart('rke2-canal', 77, 'flannel.vni')),
  mapped(option('flannel_backend_port'), '8473', chart('rke2-flannel', 8473), FLANNEL),
  mapped(option('flannel_backend_vni'), '77', chart('rke2-flannel', 77), FLANNEL),
  lost(option('calico_cloud_provider'), 'aws', CALICO),
  mapped(
    option('calico_flex_volume_plugin_dir'),
    '/opt/flex',
    chart('rke2-calico', '/opt/flex', 'installation.flexVolumePath'),
    CALICO,
  ),
  mapped(
    option('canal_flex_volume_plugin_dir'),
    '/opt/flex',
    chart('rke2-canal', '/opt/flex', 'calico.flexVolumePluginDir'),
  ),
  lost(option('canal_priority_class_name'), 'high'),
  lost(option('canal_autoscaler_priority_class_name'), 'high'),
  lost(option('kube_flannel_priority_class_name'), 'high', FLANNEL),
  lost(option('calico_node_priority_class_name'), 'high', CALICO),
  lost(option('calico_kube_controllers_priority_class_name'), 'high', CALICO),
  lost(option('weave_net_priority_class_name'), 'high'),
  mapped('network.mtu', 1400, chart('rke2-canal', 1400, 'calico.vethuMTU')),
  group('network.calico_network_provider'),
  lost('network.calico_network_provider.cloudprovider', 'aws', CALICO),
  group('network.canal_network_provider'),
  mapped('network.canal_network_provider.iface', 'eth7', chart('rke2-canal', 'eth7', 'flannel.iface')),
  group('network.flannel_network_provider'),
  mapped('network.flannel_network_provider.iface', 'eth7', chart('rke2-flannel', /--iface=eth7$/), FLANNEL),
  group('network.weave_network_provider'),
  refused('network.weave_network_provider.password', 'hush-hush'),
  mapped('network.node_selector', SELECTOR, chart('rke2-calico', 'net'), CALICO),
  group('network.update_strategy'),
  mapped('network.update_strategy.strategy', 'OnDelete', chart('rke2-calico', 'OnDelete'), CALICO),
  group('network.update_strategy.rollingUpdate'),
  mapped('network.update_strategy.rollingUpdate.maxUnavailable', 6, chart('rke2-calico', 6), CALICO),
  mapped('network.tolerations', [TOLERATION], chart('rke2-calico', 'net-taint'), CALICO),
];

const ACI = `
  system_id token apic_user_name apic_user_key apic_user_crt apic_refresh_time vmm_domain vmm_controller encap_type
  node_subnet mcast_range_start mcast_range_end aep vrf_name vrf_tenant l3out extern_dynamic extern_static
  node_svc_subnet kube_api_vlan service_vlan infra_vlan tenant ovs_memory_limit ovs_memory_request image_pull_policy
  image_pull_secret service_monitor_interval pbr_tracking_non_snat install_istio istio_profile drop_log_enable
  controller_log_level host_agent_log_level opflex_log_level use_aci_cni_priority_class no_priority_class
  max_nodes_svc_graph snat_contract_scope pod_subnet_chunk_size enable_endpoint_slice snat_namespace ep_registry
  opflex_mode snat_port_range_start snat_port_range_end snat_ports_per_node opflex_client_ssl
  use_privileged_container use_host_netns_volume use_opflex_server_volume subnet_domain_name kafka_client_crt
  kafka_client_key capic use_aci_anywhere_crd overlay_vrf_name gbp_pod_subnet run_gbp_container
  run_opflex_server_container opflex_server_port duration_wait_for_network disable_wait_for_network
  apic_subscription_delay apic_refresh_ticker_adjust disable_periodic_snat_global_info_sync
  opflex_device_delete_timeout mtu_head_room node_pod_if_enable sriov_enable multus_disable use_cluster_role
  no_wait_for_service_ep_readiness add_external_subnets_to_rdconfig service_graph_endpoint_add_delay
  hpp_optimization sleep_time_snat_global_info_sync opflex_agent_opflex_asyncjson_enabled
  opflex_agent_ovs_asyncjson_enabled opflex_agent_policy_retry_delay_timer aci_multipod
  opflex_device_reconnect_wait_timeout aci_multipod_ubuntu dhcp_renew_max_retry_count dhcp_delay
  use_system_node_priority_class aci_containers_controller_memory_request aci_containers_controller_memory_limit
  aci_containers_host_memory_request aci_containers_host_memory_limit mcast_daemon_memory_request
  mcast_daemon_memory_limit opflex_agent_memory_request opflex_agent_memory_limit aci_containers_memory_request
  aci_containers_memory_limit opflex_agent_statistics add_external_contract_to_default_epg
  enable_opflex_agent_reconnect opflex_openssl_compat toleration_seconds disable_hpp_rendering
  apic_connection_retry_limit taint_not_ready_node drop_log_disable_events opflex_startup_enabled
  opflex_startup_policy_duration opflex_startup_resolve_aft_conn opflex_switch_sync_delay
  opflex_switch_sync_dynamic unknown_mac_unicast_action enable_hpp_direct opflex_agent_reset_wait_delay`;
const ACI_LISTS = ['apic_hosts', 'l3out_external_networks', 'kafka_brokers'];
const ACI_MAPS = ['service_graph_endpoint_add_services', 'node_snat_redirect_exclude'];

/** `network.aci_network_provider`: Cisco ACI, which RKE2 does not have. */
export const ACI_KEYS: readonly ExpectedKey[] = [
  group('network.aci_network_provider'),
  ...ACI.trim()
    .split(/\s+/)
    .map((key) => refused(`network.aci_network_provider.${key}`)),
  ...ACI_LISTS.map((key) => refused(`network.aci_network_provider.${key}`, ['x'])),
  ...ACI_MAPS.map((key) => refused(`network.aci_network_provider.${key}`, [{ a: 'b' }])),
];
