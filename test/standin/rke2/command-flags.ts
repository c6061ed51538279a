import { makeFlagSet, mergeFlagSets } from './flags.ts';

const COMPONENTS = [
  'kube-apiserver',
  'kube-scheduler',
  'kube-controller-manager',
  'kube-proxy',
  'etcd',
  'cloud-controller-manager',
];

/** What servers and agents share: the node's own settings and RKE2's additions to k3s. */
const NODE_FLAGS = makeFlagSet(
  {
    string: `config data-dir token token-file server bind-address node-name resolv-conf private-registry
      system-default-registry container-runtime-endpoint default-runtime snapshotter
      image-credential-provider-bin-dir image-credential-provider-config
      kube-apiserver-image kube-controller-manager-image cloud-controller-manager-image kube-proxy-image
      kube-scheduler-image pause-image runtime-image etcd-image kubelet-path cloud-provider-name
      cloud-provider-config profile audit-policy-file pod-security-admission-config-file`,
    'split-list': 'node-ip node-external-ip node-internal-dns node-external-dns',
    list: `node-label node-taint airgap-extra-registry kubelet-arg kube-proxy-arg control-plane-resource-requests
      control-plane-resource-limits control-plane-probe-configuration
      ${COMPONENTS.map((name) => `${name}-extra-mount ${name}-extra-env`).join(' ')}`,
    bool: `debug with-node-id disable-default-registry-endpoint nonroot-devices protect-kernel-defaults selinux
      node-name-from-cloud-provider-metadata enable-pprof`,
    int: 'lb-server-port',
  },
  { c: 'config', d: 'data-dir', t: 'token', s: 'server' },
  {
    RKE2_DEBUG: 'debug',
    RKE2_DATA_DIR: 'data-dir',
    RKE2_TOKEN: 'token',
    RKE2_TOKEN_FILE: 'token-file',
    RKE2_URL: 'server',
    RKE2_NODE_NAME: 'node-name',
    RKE2_RESOLV_CONF: 'resolv-conf',
    RKE2_SYSTEM_DEFAULT_REGISTRY: 'system-default-registry',
    RKE2_SELINUX: 'selinux',
    RKE2_LB_SERVER_PORT: 'lb-server-port',
    RKE2_CIS_PROFILE: 'profile',
  },
);

/** The S3 part of the snapshot settings, common to `server` and `etcd-snapshot`. */
export const S3_FLAGS = makeFlagSet({
  string: `etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-bucket etcd-s3-folder etcd-s3-config-secret etcd-s3-access-key
    etcd-s3-secret-key etcd-s3-session-token etcd-s3-region etcd-s3-bucket-lookup-type etcd-s3-proxy`,
  bool: 'etcd-s3 etcd-s3-insecure etcd-s3-skip-ssl-verify',
  int: 'etcd-s3-retention',
  duration: 'etcd-s3-timeout',
});

/** The flags of `rke2 agent`, which are also the keys its configuration file may hold. */
export const AGENT_FLAGS = NODE_FLAGS;

/** The flags of `rke2 server`, which are also the keys its configuration file may hold. */
export const SERVER_FLAGS = mergeFlagSets(
  NODE_FLAGS,
  S3_FLAGS,
  makeFlagSet(
    {
      string: `advertise-address agent-token agent-token-file write-kubeconfig write-kubeconfig-mode
        write-kubeconfig-group write-kubeconfig-name service-node-port-range cluster-domain egress-selector-mode
        servicelb-namespace helm-job-image datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile
        etcd-snapshot-name etcd-snapshot-schedule-cron etcd-snapshot-dir cluster-reset-restore-path
        secrets-encryption-provider`,
      'split-list': 'tls-san cluster-cidr service-cidr cluster-dns cni ingress-controller disable',
      list: `helm-controller-arg kube-apiserver-arg kube-controller-manager-arg kube-scheduler-arg
        kube-cloud-controller-manager-arg etcd-arg`,
      bool: `tls-san-security prime supervisor-metrics embedded-registry enable-servicelb disable-scheduler
        disable-cloud-controller disable-kube-proxy disable-apiserver disable-controller-manager disable-etcd
        etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-compress cluster-reset secrets-encryption`,
      int: 'etcd-snapshot-retention',
      duration: 'etcd-snapshot-reconcile-interval',
    },
    {},
    {
      RKE2_AGENT_TOKEN: 'agent-token',
      RKE2_KUBECONFIG_OUTPUT: 'write-kubeconfig',
      RKE2_KUBECONFIG_MODE: 'write-kubeconfig-mode',
      RKE2_CNI: 'cni',
      RKE2_PRIME: 'prime',
    },
  ),
);
