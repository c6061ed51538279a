import { chart, config, type ExpectedKey, group, lost, mapped } from './expected-key.ts';

const NGINX = 'rke2-ingress-nginx';
const SELECTOR = { pool: 'special' };
const TOLERATION = { key: 'addon-taint', operator: 'Exists', effect: 'NoExecute' };

/** `ingress`. */
export const INGRESS_KEYS: readonly ExpectedKey[] = [
  mapped('ingress.provider', 'none', config('ingress-controller', 'none')),
  mapped(
    'ingress.options',
    { 'map-hash-bucket-size': '127' },
    chart(NGINX, '127', 'controller.config.map-hash-bucket-size'),
  ),
  mapped('ingress.node_selector', SELECTOR, chart(NGINX, 'special', 'controller.nodeSelector.pool')),
  mapped('ingress.tolerations', [TOLERATION], chart(NGINX, 'addon-taint', 'controller.tolerations.0.key')),
  group('ingress.update_strategy'),
  mapped(
    'ingress.update_strategy.strategy',
    'OnDelete',
    chart(NGINX, 'OnDelete', 'controller.updateStrategy.type'),
  ),
  group('ingress.update_strategy.rollingUpdate'),
  mapped(
    'ingress.update_strategy.rollingUpdate.maxUnavailable',
    5,
    chart(NGINX, 5, 'controller.updateStrategy.rollingUpdate.maxUnavailable'),
  ),
  mapped('ingress.dns_policy', 'ClusterFirst', chart(NGINX, 'ClusterFirst', 'controller.dnsPolicy')),
  mapped(
    'ingress.extra_args',
    { 'default-ssl-certificate': 'ingress/wildcard' },
    chart(NGINX, 'ingress/wildcard', 'controller.extraArgs.default-ssl-certificate'),
  ),
  mapped(
    'ingress.extra_envs',
    [{ name: 'ZONE', value: 'b7' }],
    chart(NGINX, 'b7', 'controller.extraEnvs.0.value'),
  ),
  mapped(
    'ingress.extra_volumes',
    [{ name: 'scratch7', emptyDir: {} }],
    chart(NGINX, 'scratch7', 'controller.extraVolumes.0.name'),
  ),
  mapped(
    'ingress.extra_volume_mounts',
    [{ name: 'scratch7', mountPath: '/scratch' }],
    chart(NGINX, '/scratch', 'controller.extraVolumeMounts.0.mountPath'),
  ),
  mapped('ingress.network_mode', 'hostNetwork', chart(NGINX, true, 'controller.hostNetwork')),
  mapped('ingress.http_port', 8080, chart(NGINX, 8080)),
  mapped('ingress.https_port', 8443, chart(NGINX, 8443)),
  mapped('ingress.default_backend', true, chart(NGINX, true, 'defaultBackend.enabled')),
  mapped(
    'ingress.default_http_backend_priority_class_name',
    'high',
    chart(NGINX, 'high', 'defaultBackend.priorityClassName'),
    { 'ingress.default_backend': true },
  ),
  mapped(
    'ingress.nginx_ingress_controller_priority_class_name',
    'high',
    chart(NGINX, 'high', 'controller.priorityClassName'),
  ),
  mapped(
    'ingress.default_ingress_class',
    false,
    chart(NGINX, false, 'controller.ingressClassResource.default'),
  ),
];

const METRICS = 'rke2-metrics-server';

/** `monitoring`. */
export const MONITORING_KEYS: readonly ExpectedKey[] = [
  mapped('monitoring.provider', 'none', config('disable', METRICS)),
  mapped('monitoring.options', { 'metric-resolution': '37s' }, chart(METRICS, /metric-resolution=37s/)),
  mapped('monitoring.node_selector', SELECTOR, chart(METRICS, 'special', 'nodeSelector.pool')),
  group('monitoring.update_strategy'),
  mapped('monitoring.update_strategy.strategy', 'Recreate', chart(METRICS, 'Recreate')),
  group('monitoring.update_strategy.rollingUpdate'),
  mapped('monitoring.update_strategy.rollingUpdate.maxUnavailable', 8, chart(METRICS, 8)),
  mapped('monitoring.update_strategy.rollingUpdate.maxSurge', 7, chart(METRICS, 7)),
  mapped('monitoring.replicas', 3, chart(METRICS, 3, 'replicas')),
  mapped('monitoring.tolerations', [TOLERATION], chart(METRICS, 'addon-taint', 'tolerations.0.key')),
  mapped(
    'monitoring.metrics_server_priority_class_name',
    'high',
    chart(METRICS, 'high', 'priorityClassName'),
  ),
];

const COREDNS = 'rke2-coredns';

/** `dns`. */
export const DNS_KEYS: readonly ExpectedKey[] = [
  mapped('dns.provider', 'none', config('disable', COREDNS)),
  group('dns.options'),
  mapped('dns.options.coredns_priority_class_name', 'high', chart(COREDNS, 'high', 'priorityClassName')),
  mapped(
    'dns.options.coredns_autoscaler_priority_class_name',
    'high',
    chart(COREDNS, 'high', 'autoscaler.priorityClassName'),
  ),
  lost('dns.options.kube_dns_priority_class_name', 'high'),
  lost('dns.options.kube_dns_autoscaler_priority_class_name', 'high'),
  mapped('dns.upstreamnameservers', ['192.0.2.53'], chart(COREDNS, /192\.0\.2\.53/)),
  mapped('dns.reversecidrs', ['10.77.0.0/16'], chart(COREDNS, /10\.77\.0\.0\/16|77\.10\.in-addr\.arpa/)),
  mapped('dns.stubdomains', { 'corp.example': ['192.0.2.54'] }, chart(COREDNS, /corp\.example/)),
  mapped('dns.node_selector', SELECTOR, chart(COREDNS, 'special', 'nodeSelector.pool')),
  group('dns.nodelocal'),
  mapped('dns.nodelocal.ip_address', '169.254.20.11', [
    chart(COREDNS, true, 'nodelocal.enabled'),
    chart(COREDNS, '169.254.20.11', 'nodelocal.ip_address'),
  ]),
  group('dns.nodelocal.update_strategy'),
  lost('dns.nodelocal.update_strategy.strategy', 'OnDelete', { 'dns.nodelocal.ip_address': '169.254.20.11' }),
  group('dns.nodelocal.update_strategy.rollingUpdate'),
  lost('dns.nodelocal.update_strategy.rollingUpdate.maxUnavailable', 3, {
    'dns.nodelocal.ip_address': '169.254.20.11',
  }),
  mapped('dns.nodelocal.node_selector', SELECTOR, chart(COREDNS, 'special', 'nodelocal.nodeSelector.pool'), {
    'dns.nodelocal.ip_address': '169.254.20.11',
  }),
  lost('dns.nodelocal.node_local_dns_priority_class_name', 'high', {
    'dns.nodelocal.ip_address': '169.254.20.11',
  }),
  group('dns.update_strategy'),
  // RKE2's chart knows no other, so that this one needs no word on the nodes.
  mapped('dns.update_strategy.strategy', 'RollingUpdate', []),
  group('dns.update_strategy.rollingUpdate'),
  mapped('dns.update_strategy.rollingUpdate.maxUnavailable', '20%', chart(COREDNS, '20%')),
  mapped('dns.update_strategy.rollingUpdate.maxSurge', '15%', chart(COREDNS, '15%')),
  group('dns.linear_autoscaler_params'),
  mapped(
    'dns.linear_autoscaler_params.cores_per_replica',
    33,
    chart(COREDNS, 33, 'autoscaler.coresPerReplica'),
  ),
  mapped(
    'dns.linear_autoscaler_params.nodes_per_replica',
    5,
    chart(COREDNS, 5, 'autoscaler.nodesPerReplica'),
  ),
  mapped('dns.linear_autoscaler_params.min', 2, chart(COREDNS, 2, 'autoscaler.min')),
  mapped('dns.linear_autoscaler_params.max', 7, chart(COREDNS, 7, 'autoscaler.max')),
  mapped(
    'dns.linear_autoscaler_params.prevent_single_point_failure',
    false,
    chart(COREDNS, false, 'autoscaler.preventSinglePointFailure'),
  ),
  mapped('dns.tolerations', [TOLERATION], chart(COREDNS, 'addon-taint', 'tolerations.0.key')),
];
