import { refused } from '../key.ts';

const WHY = 'RKE2 has no plugin for Cisco ACI.';

const INSTEAD =
  'Leave it out and choose another `network.plugin`; or write `plugin: none` and bring Cisco’s own manifests with `addons_include`.';

const NAMES = `
  system_id apic_hosts token apic_user_name apic_user_key apic_user_crt apic_refresh_time vmm_domain vmm_controller
  encap_type node_subnet mcast_range_start mcast_range_end aep vrf_name vrf_tenant l3out l3out_external_networks
  extern_dynamic extern_static node_svc_subnet kube_api_vlan service_vlan infra_vlan tenant ovs_memory_limit
  ovs_memory_request image_pull_policy image_pull_secret service_monitor_interval pbr_tracking_non_snat install_istio
  istio_profile drop_log_enable controller_log_level host_agent_log_level opflex_log_level use_aci_cni_priority_class
  no_priority_class max_nodes_svc_graph snat_contract_scope pod_subnet_chunk_size enable_endpoint_slice snat_namespace
  ep_registry opflex_mode snat_port_range_start snat_port_range_end snat_ports_per_node opflex_client_ssl
  use_privileged_container use_host_netns_volume use_opflex_server_volume subnet_domain_name kafka_brokers
  kafka_client_crt kafka_client_key capic use_aci_anywhere_crd overlay_vrf_name gbp_pod_subnet run_gbp_container
  run_opflex_server_container opflex_server_port duration_wait_for_network disable_wait_for_network
  apic_subscription_delay apic_refresh_ticker_adjust disable_periodic_snat_global_info_sync
  opflex_device_delete_timeout mtu_head_room node_pod_if_enable sriov_enable multus_disable use_cluster_role
  no_wait_for_service_ep_readiness add_external_subnets_to_rdconfig service_graph_endpoint_add_delay
  service_graph_endpoint_add_services hpp_optimization sleep_time_snat_global_info_sync
  opflex_agent_opflex_asyncjson_enabled opflex_agent_ovs_asyncjson_enabled opflex_agent_policy_retry_delay_timer
  aci_multipod opflex_device_reconnect_wait_timeout aci_multipod_ubuntu dhcp_renew_max_retry_count dhcp_delay
  use_system_node_priority_class aci_containers_controller_memory_request aci_containers_controller_memory_limit
  aci_containers_host_memory_request aci_containers_host_memory_limit mcast_daemon_memory_request
  mcast_daemon_memory_limit opflex_agent_memory_request opflex_agent_memory_limit aci_containers_memory_request
  aci_containers_memory_limit opflex_agent_statistics add_external_contract_to_default_epg
  enable_opflex_agent_reconnect opflex_openssl_compat node_snat_redirect_exclude toleration_seconds
  disable_hpp_rendering apic_connection_retry_limit taint_not_ready_node drop_log_disable_events
  opflex_startup_enabled opflex_startup_policy_duration opflex_startup_resolve_aft_conn opflex_switch_sync_delay
  opflex_switch_sync_dynamic unknown_mac_unicast_action enable_hpp_direct opflex_agent_reset_wait_delay
`;

/** RKE1's settings of Cisco ACI: refused as a whole, with a row for each. */
export const AciSection = refused(
  { description: 'Settings of the plugin for Cisco ACI.', why: WHY, instead: INSTEAD },
  Object.fromEntries(
    NAMES.trim()
      .split(/\s+/)
      .map((name) => [
        name,
        refused({
          description: `The setting ${name.replaceAll('_', ' ')} of the plugin for Cisco ACI.`,
          why: WHY,
          instead: INSTEAD,
        }),
      ]),
  ),
);
