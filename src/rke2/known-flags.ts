import type { Component } from './component-flags.ts';

/** Flags that many components have: logging and profiling. */
const COMMON =
  'v vmodule logging-format log-flush-frequency feature-gates profiling contention-profiling tls-cipher-suites tls-min-version';

/** Who may ask a component about itself, and where it listens. */
const SERVING =
  'bind-address secure-port authentication-kubeconfig authorization-kubeconfig authorization-always-allow-paths client-ca-file tls-cert-file tls-private-key-file leader-elect leader-elect-lease-duration leader-elect-renew-deadline leader-elect-retry-period kube-api-burst kube-api-qps kube-api-content-type kubeconfig config master';

/**
 * Names of flags that people set, for telling a slip of the keyboard from a flag. Not all there are: what is missing here
 * and resembles none of these is taken as it is.
 */
const KNOWN: Readonly<Record<Component, string>> = {
  etcd: `auto-compaction-mode auto-compaction-retention cipher-suites election-timeout heartbeat-interval
    quota-backend-bytes max-request-bytes max-txn-ops max-snapshots max-wals snapshot-count metrics
    listen-metrics-urls log-level log-outputs logger enable-pprof enable-v2 grpc-keepalive-interval
    grpc-keepalive-min-time grpc-keepalive-timeout client-cert-auth peer-client-cert-auth strict-reconfig-check
    pre-vote cors host-whitelist backend-batch-interval backend-batch-limit backend-bbolt-freelist-type
    tls-min-version tls-max-version unsafe-no-fsync initial-corrupt-check
    experimental-initial-corrupt-check experimental-corrupt-check-time experimental-compaction-batch-limit
    experimental-watch-progress-notify-interval warning-apply-duration max-concurrent-streams
    compact-hash-check-enabled watch-progress-notify-interval corrupt-check-time wal-dir`,
  'kube-apiserver': `${COMMON} bind-address anonymous-auth api-audiences audit-log-batch-buffer-size audit-log-compress
    audit-log-format audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-mode audit-log-path
    audit-policy-file audit-webhook-config-file audit-webhook-batch-max-size audit-webhook-mode
    audit-webhook-initial-backoff authentication-config authentication-token-webhook-cache-ttl
    authentication-token-webhook-config-file authentication-token-webhook-version authorization-config
    authorization-mode authorization-policy-file authorization-webhook-config-file
    authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl
    cors-allowed-origins default-not-ready-toleration-seconds default-unreachable-toleration-seconds
    default-watch-cache-size delete-collection-workers disable-admission-plugins enable-admission-plugins
    enable-aggregator-routing enable-bootstrap-token-auth enable-garbage-collector enable-priority-and-fairness
    endpoint-reconciler-type etcd-compaction-interval etcd-count-metric-poll-period etcd-prefix
    etcd-servers-overrides event-ttl external-hostname goaway-chance http2-max-streams-per-connection
    kubelet-preferred-address-types kubelet-timeout livez-grace-period max-connection-bytes-per-sec
    max-mutating-requests-inflight max-requests-inflight min-request-timeout oidc-ca-file oidc-client-id
    oidc-groups-claim oidc-groups-prefix oidc-issuer-url oidc-required-claim oidc-signing-algs
    oidc-username-claim oidc-username-prefix request-timeout requestheader-allowed-names
    requestheader-extra-headers-prefix requestheader-group-headers requestheader-username-headers runtime-config
    service-account-extend-token-expiration service-account-issuer service-account-jwks-uri
    service-account-key-file service-account-lookup service-account-max-token-expiration show-hidden-metrics-for-version
    shutdown-delay-duration shutdown-send-retry-after storage-media-type strict-transport-security-directives
    token-auth-file tracing-config-file watch-cache watch-cache-sizes allow-privileged apiserver-count
    service-cluster-ip-range service-node-port-range admission-control-config-file encryption-provider-config`,
  'kube-controller-manager': `${COMMON} ${SERVING} allocate-node-cidrs attach-detach-reconcile-sync-period
    cidr-allocator-type cluster-name cluster-signing-duration concurrent-cron-job-syncs
    concurrent-deployment-syncs concurrent-endpoint-syncs concurrent-gc-syncs concurrent-job-syncs
    concurrent-namespace-syncs concurrent-rc-syncs concurrent-replicaset-syncs
    concurrent-resource-quota-syncs concurrent-service-endpoint-syncs concurrent-service-syncs
    concurrent-serviceaccount-token-syncs concurrent-statefulset-syncs configure-cloud-routes
    controller-start-interval controllers enable-dynamic-provisioning enable-garbage-collector
    enable-hostpath-provisioner flex-volume-plugin-dir horizontal-pod-autoscaler-cpu-initialization-period
    horizontal-pod-autoscaler-downscale-stabilization horizontal-pod-autoscaler-initial-readiness-delay
    horizontal-pod-autoscaler-sync-period horizontal-pod-autoscaler-tolerance kube-api-qps
    large-cluster-size-threshold max-endpoints-per-slice min-resync-period namespace-sync-period
    node-cidr-mask-size node-cidr-mask-size-ipv4 node-cidr-mask-size-ipv6 node-eviction-rate
    node-monitor-grace-period node-monitor-period node-startup-grace-period node-sync-period
    pvclaimbinder-sync-period resource-quota-sync-period route-reconciliation-period
    secondary-node-eviction-rate terminated-pod-gc-threshold unhealthy-zone-threshold
    use-service-account-credentials cluster-cidr service-cluster-ip-range`,
  'kube-scheduler': `${COMMON} ${SERVING} pod-max-in-unschedulable-pods-duration permit-port-sharing`,
  kubelet: `${COMMON} address allowed-unsafe-sysctls anonymous-auth authentication-token-webhook
    authentication-token-webhook-cache-ttl authorization-mode cert-dir cgroup-root cgroups-per-qos config
    config-dir container-log-max-files container-log-max-size cpu-cfs-quota cpu-cfs-quota-period
    cpu-manager-policy cpu-manager-policy-options cpu-manager-reconcile-period enable-controller-attach-detach
    enable-debugging-handlers enable-server enforce-node-allocatable event-burst event-qps eviction-hard
    eviction-max-pod-grace-period eviction-minimum-reclaim eviction-pressure-transition-period eviction-soft
    eviction-soft-grace-period fail-swap-on file-check-frequency hairpin-mode healthz-bind-address healthz-port
    image-gc-high-threshold image-gc-low-threshold image-credential-provider-bin-dir
    image-credential-provider-config kernel-memcg-notification kube-api-burst kube-api-qps kube-reserved
    kube-reserved-cgroup kubelet-cgroups local-storage-capacity-isolation log-file log-file-max-size
    make-iptables-util-chains manifest-url max-open-files max-pods maximum-dead-containers
    maximum-dead-containers-per-container memory-manager-policy minimum-container-ttl-duration
    minimum-image-ttl-duration node-status-max-images node-status-update-frequency oom-score-adj pod-cidr
    pod-max-pids pods-per-core port protect-kernel-defaults provider-id qos-reserved read-only-port
    register-node registry-burst registry-qps reserved-cpus reserved-memory resolv-conf root-dir
    rotate-certificates rotate-server-certificates runonce runtime-cgroups runtime-request-timeout
    seccomp-default serialize-image-pulls streaming-connection-idle-timeout sync-frequency system-cgroups
    system-reserved system-reserved-cgroup topology-manager-policy topology-manager-scope volume-plugin-dir
    volume-stats-agg-period node-labels register-with-taints node-ip cluster-dns cluster-domain`,
  'kube-proxy': `${COMMON} bind-address bind-address-hard-fail cleanup config config-sync-period
    conntrack-max-per-core conntrack-min conntrack-tcp-timeout-close-wait conntrack-tcp-timeout-established
    conntrack-tcp-be-liberal conntrack-udp-timeout conntrack-udp-timeout-stream detect-local-mode healthz-bind-address
    iptables-localhost-nodeports iptables-masquerade-bit iptables-min-sync-period iptables-sync-period
    ipvs-exclude-cidrs ipvs-min-sync-period ipvs-scheduler ipvs-strict-arp ipvs-sync-period ipvs-tcp-timeout
    ipvs-tcpfin-timeout ipvs-udp-timeout kube-api-burst kube-api-qps masquerade-all metrics-bind-address
    metrics-port nodeport-addresses oom-score-adj pod-bridge-interface pod-interface-name-prefix
    proxy-mode proxy-port-range show-hidden-metrics-for-version cluster-cidr`,
};

const LISTS = new Map<Component, readonly string[]>();

/** Names of flags of the component that people set; far from all of them. */
export function knownFlags(component: Component): readonly string[] {
  const known = LISTS.get(component) ?? KNOWN[component].trim().split(/\s+/);
  LISTS.set(component, known);
  return known;
}

/** Feature gates that became fixed parts of Kubernetes and are gone since 1.28: a component that is given one does not start. */
const GONE_GATES: ReadonlySet<string> = new Set(
  `AdvancedAuditing BlockVolume BoundServiceAccountTokenVolume ControllerManagerLeaderMigration CronJobControllerV2
  CSIBlockVolume CSIDriverRegistry CSIInlineVolume CSIMigration CSIMigrationAWS CSIMigrationAzureDisk
  CSIMigrationOpenStack CSINodeInfo CSIPersistentVolume CSIStorageCapacity CustomPodDNS
  CustomResourceDefaulting CustomResourceSubresources CustomResourceValidation CustomResourceWebhookConversion
  DaemonSetUpdateSurge DefaultPodTopologySpread DryRun DynamicKubeletConfig EndpointSlice EndpointSliceProxying
  EphemeralContainers EvenPodsSpread ExpandCSIVolumes ExpandInUsePersistentVolumes ExpandPersistentVolumes
  GenericEphemeralVolume HugePages ImmutableEphemeralVolumes IndexedJob IngressClassNamespacedParams
  IPv6DualStack KubeletPluginsWatcher LocalStorageCapacityIsolation MountPropagation
  NetworkPolicyEndPort NodeDisruptionExclusion NodeLease NonPreemptingPriority PersistentLocalVolumes
  PodAffinityNamespaceSelector PodDisruptionBudget PodOverhead PodPriority PodSecurity PodShareProcessNamespace
  PreferNominatedNode ResourceQuotaScopeSelectors RootCAConfigMap RotateKubeletClientCertificate RunAsGroup
  RuntimeClass ScheduleDaemonSetPods SCTPSupport SelectorIndex ServiceAccountIssuerDiscovery
  ServiceLBNodePortControl ServiceLoadBalancerClass ServiceLoadBalancerFinalizer ServiceNodeExclusion
  ServiceTopology SetHostnameAsFQDN StartupProbe StatefulSetMinReadySeconds StorageObjectInUseProtection
  StreamingProxyRedirects SupportIPVSProxyMode SupportNodePidsLimit SupportPodPidsLimit SuspendJob Sysctls
  TaintBasedEvictions TaintNodesByCondition TokenRequest TokenRequestProjection TTLAfterFinished
  VolumePVCDataSource VolumeScheduling VolumeSnapshotDataSource VolumeSubpath WarningHeaders WatchBookmark
  WindowsGMSA`
    .trim()
    .split(/\s+/),
);

/** Of the gates in `feature-gates`, those that Kubernetes has no more. */
export function findGoneGates(value: string): readonly string[] {
  return value
    .split(',')
    .map((gate) => gate.split('=')[0]?.trim() ?? '')
    .filter((gate) => GONE_GATES.has(gate));
}
