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
import { CERTIFICATE, PRIVATE_KEY } from './sample-pem.ts';

interface Component {
  readonly service: string;
  /** As RKE2's keys begin: `kube-apiserver` of `kube-apiserver-arg`. */
  readonly component: string;
  readonly on: 'server' | 'both';
  /** A flag that takes one value, and one that may be repeated. */
  readonly flag: string;
  readonly repeated: string;
}

const COMPONENTS: readonly Component[] = [
  { service: 'etcd', component: 'etcd', on: 'server', flag: 'max-request-bytes', repeated: 'cipher-suites' },
  { service: 'kube-api', component: 'kube-apiserver', on: 'server', flag: 'v', repeated: 'feature-gates' },
  {
    service: 'kube-controller',
    component: 'kube-controller-manager',
    on: 'server',
    flag: 'v',
    repeated: 'vmodule',
  },
  { service: 'scheduler', component: 'kube-scheduler', on: 'server', flag: 'v', repeated: 'vmodule' },
  { service: 'kubelet', component: 'kubelet', on: 'both', flag: 'max-pods', repeated: 'feature-gates' },
  { service: 'kubeproxy', component: 'kube-proxy', on: 'both', flag: 'v', repeated: 'vmodule' },
];

function listShared({ service, component, on, flag, repeated }: Component): readonly ExpectedKey[] {
  const at = `services.${service}`;
  const isContainer = component !== 'kubelet';
  return [
    group(at),
    lost(`${at}.image`, 'rancher/hyperkube:v1.2.3'),
    mapped(`${at}.extra_args`, { [flag]: '4' }, config(`${component}-arg`, `${flag}=4`, on)),
    mapped(
      `${at}.extra_args_array`,
      { [repeated]: ['A=1', 'B=2'] },
      // Of a flag that etcd is given twice, RKE2 would keep the second only.
      service === 'etcd'
        ? config('etcd-arg', `${repeated}=[A=1,B=2]`, on)
        : [
            config(`${component}-arg`, `${repeated}=A=1`, on),
            config(`${component}-arg`, `${repeated}=B=2`, on),
          ],
    ),
    isContainer
      ? mapped(
          `${at}.extra_binds`,
          ['/opt/data:/opt/inside:ro'],
          config(`${component}-extra-mount`, '/opt/data:/opt/inside:ro', on),
        )
      : warned(`${at}.extra_binds`, ['/opt/data:/opt/inside']),
    isContainer
      ? mapped(`${at}.extra_env`, ['GODEBUG=x'], config(`${component}-extra-env`, 'GODEBUG=x', on))
      : warned(`${at}.extra_env`, ['GODEBUG=x']),
    warned(`${at}.win_extra_args`, { v: '4' }),
    warned(`${at}.win_extra_args_array`, { v: ['4'] }),
    warned(`${at}.win_extra_binds`, ['c:/a:c:/b']),
    warned(`${at}.win_extra_env`, ['A=b']),
  ];
}

const EXTERNAL = {
  'nodes[].role': ['controlplane'],
  'services.etcd.external_urls': ['https://db1.example.com:2379', 'https://db2.example.com:2379'],
  'services.etcd.ca_cert': CERTIFICATE,
  'services.etcd.cert': CERTIFICATE,
  'services.etcd.key': PRIVATE_KEY,
};

const PEM_FILE = /rancher\/rke2\/rke2ctl\/.*/;
const S3 = {
  'services.etcd.backup_config.s3backupconfig.bucket_name': 'backups',
  'services.etcd.backup_config.s3backupconfig.endpoint': 's3.example.com',
};
const at = (key: string) => `services.etcd.backup_config.${key}`;

const ETCD: readonly ExpectedKey[] = [
  mapped(
    'services.etcd.external_urls',
    EXTERNAL['services.etcd.external_urls'],
    [
      config('datastore-endpoint', 'https://db1.example.com:2379,https://db2.example.com:2379'),
      cluster('externalDatastore', true),
    ],
    EXTERNAL,
  ),
  mapped('services.etcd.ca_cert', CERTIFICATE, file(PEM_FILE, 'BEGIN CERTIFICATE'), EXTERNAL),
  mapped('services.etcd.cert', CERTIFICATE, file(PEM_FILE, 'BEGIN CERTIFICATE'), EXTERNAL),
  mapped('services.etcd.key', PRIVATE_KEY, file(PEM_FILE, 'PRIVATE KEY'), EXTERNAL),
  lost('services.etcd.path', '/etcdcluster'),
  lost('services.etcd.uid', 52_034),
  lost('services.etcd.gid', 52_034),
  mapped('services.etcd.snapshot', false, config('etcd-disable-snapshots', true)),
  mapped('services.etcd.creation', '6h', config('etcd-snapshot-schedule-cron', '0 */6 * * *')),
  mapped('services.etcd.retention', '48h', config('etcd-snapshot-retention', 4), {
    'services.etcd.creation': '12h',
  }),
  group('services.etcd.backup_config'),
  mapped(at('enabled'), false, config('etcd-disable-snapshots', true)),
  mapped(at('interval_hours'), 6, config('etcd-snapshot-schedule-cron', '0 */6 * * *')),
  mapped(at('retention'), 9, config('etcd-snapshot-retention', 9)),
  warned(at('safe_timestamp'), true),
  mapped(at('timeout'), 90, config('etcd-s3-timeout', '90s'), S3),
  group(at('s3backupconfig')),
  mapped(at('s3backupconfig.access_key'), 'AKIAEXAMPLE', config('etcd-s3-access-key', 'AKIAEXAMPLE'), {
    ...S3,
    [at('s3backupconfig.secret_key')]: 'hush-hush',
  }),
  mapped(at('s3backupconfig.secret_key'), 'hush-hush', config('etcd-s3-secret-key', 'hush-hush'), {
    ...S3,
    [at('s3backupconfig.access_key')]: 'AKIAEXAMPLE',
  }),
  mapped(
    at('s3backupconfig.bucket_name'),
    'backups',
    [config('etcd-s3', true), config('etcd-s3-bucket', 'backups')],
    S3,
  ),
  mapped(at('s3backupconfig.region'), 'eu-west-9', config('etcd-s3-region', 'eu-west-9'), S3),
  mapped(at('s3backupconfig.endpoint'), 's3.example.com', config('etcd-s3-endpoint', 's3.example.com'), S3),
  mapped(at('s3backupconfig.custom_ca'), CERTIFICATE, file(PEM_FILE, 'BEGIN CERTIFICATE'), S3),
  mapped(at('s3backupconfig.folder'), 'prod', config('etcd-s3-folder', 'prod'), S3),
];

const api = (key: string) => `services.kube-api.${key}`;
const POLICY = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'RequestResponse' }] };
const AUDIT = { [api('audit_log.enabled')]: true };
const auditFlag = (flag: string, value: string) => config('kube-apiserver-arg', `${flag}=${value}`);
const EVENT_LIMITS = {
  apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
  kind: 'Configuration',
  limits: [{ type: 'Server', qps: 6123, burst: 30_000 }],
};
const ADMISSION = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodNodeSelector',
      configuration: { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'disk=admitted' } },
    },
  ],
};
const OWN_FILE = /rancher\/rke2\/rke2ctl\//;

const KUBE_API: readonly ExpectedKey[] = [
  mapped(api('service_cluster_ip_range'), '10.99.0.0/16', config('service-cidr', '10.99.0.0/16')),
  mapped(api('service_node_port_range'), '31000-32000', config('service-node-port-range', '31000-32000')),
  // Old versions had it: a key that says `false` in most files, and must not stop anybody.
  lost(api('pod_security_policy'), true),
  mapped(api('pod_security_configuration'), 'restricted', file(OWN_FILE, 'restricted')),
  mapped(
    api('always_pull_images'),
    true,
    config('kube-apiserver-arg', 'enable-admission-plugins=NodeRestriction,AlwaysPullImages'),
  ),
  group(api('secrets_encryption_config')),
  // Secrets are always encrypted: only to turn that off would be a wish that cannot be met.
  mapped(api('secrets_encryption_config.enabled'), true, []),
  refused(api('secrets_encryption_config.custom_config'), {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers: [{ identity: {} }] }],
  }),
  group(api('audit_log')),
  mapped(api('audit_log.enabled'), true, config('audit-policy-file', /audit/)),
  group(api('audit_log.configuration')),
  mapped(api('audit_log.configuration.max_age'), 6, auditFlag('audit-log-maxage', '6'), AUDIT),
  mapped(api('audit_log.configuration.max_backup'), 7, auditFlag('audit-log-maxbackup', '7'), AUDIT),
  mapped(api('audit_log.configuration.max_size'), 110, auditFlag('audit-log-maxsize', '110'), AUDIT),
  mapped(
    api('audit_log.configuration.path'),
    '/var/log/kube-audit/own.json',
    auditFlag('audit-log-path', '/var/log/kube-audit/own.json'),
    AUDIT,
  ),
  mapped(api('audit_log.configuration.format'), 'legacy', auditFlag('audit-log-format', 'legacy'), AUDIT),
  mapped(api('audit_log.configuration.policy'), POLICY, file(OWN_FILE, 'RequestResponse'), AUDIT),
  mapped(api('admission_configuration'), ADMISSION, file(OWN_FILE, 'disk=admitted')),
  group(api('event_rate_limit')),
  mapped(api('event_rate_limit.enabled'), true, [
    file(OWN_FILE, 'EventRateLimit'),
    config('kube-apiserver-arg', /^enable-admission-plugins=.*EventRateLimit/),
  ]),
  mapped(api('event_rate_limit.configuration'), EVENT_LIMITS, file(OWN_FILE, '6123'), {
    [api('event_rate_limit.enabled')]: true,
  }),
];

const OTHERS: readonly ExpectedKey[] = [
  mapped('services.kube-controller.cluster_cidr', '10.98.0.0/16', config('cluster-cidr', '10.98.0.0/16')),
  mapped(
    'services.kube-controller.service_cluster_ip_range',
    '10.99.0.0/16',
    config('service-cidr', '10.99.0.0/16'),
    {
      [api('service_cluster_ip_range')]: '10.99.0.0/16',
    },
  ),
  mapped('services.kubelet.cluster_domain', 'kube.corp', config('cluster-domain', 'kube.corp')),
  mapped('services.kubelet.cluster_dns_server', '10.43.0.53', config('cluster-dns', '10.43.0.53')),
  mapped(
    'services.kubelet.infra_container_image',
    'example.com/pause:9',
    config('pause-image', 'example.com/pause:9', 'both'),
  ),
  mapped('services.kubelet.fail_swap_on', true, config('kubelet-arg', 'fail-swap-on=true', 'both')),
  // RKE2 always makes serving certificates: `true` is what happens, and `false` stood in every file of the questionnaire.
  lost('services.kubelet.generate_serving_certificate', 'sometimes'),
  // No key of RKE1's either, but its documentation's full example has it, so many files do.
  lost('services.kubelet.pod-infra-container-image', 'example.com/pause:9'),
];

/** `services`. */
export const SERVICE_KEYS: readonly ExpectedKey[] = [
  ...COMPONENTS.flatMap(listShared),
  ...ETCD,
  ...KUBE_API,
  ...OTHERS,
];

const WEBHOOK = `apiVersion: v1
kind: Config
clusters: [{name: asker, cluster: {server: 'https://auth.example.com'}}]
`;

/** `authentication`. */
export const AUTHENTICATION_KEYS: readonly ExpectedKey[] = [
  mapped('authentication.strategy', 'x509|webhook', file(OWN_FILE, 'auth.example.com'), {
    'authentication.webhook.config_file': WEBHOOK,
  }),
  mapped('authentication.sans', ['k8s.example.com'], config('tls-san', 'k8s.example.com')),
  // Old versions had it and read it nowhere.
  lost('authentication.options', { a: 'b' }),
  group('authentication.webhook'),
  mapped(
    'authentication.webhook.config_file',
    WEBHOOK,
    [
      file(OWN_FILE, 'auth.example.com'),
      config('kube-apiserver-arg', /^authentication-token-webhook-config-file=/),
    ],
    { 'authentication.strategy': 'x509|webhook' },
  ),
  mapped(
    'authentication.webhook.cache_timeout',
    '9s',
    config('kube-apiserver-arg', 'authentication-token-webhook-cache-ttl=9s'),
    { 'authentication.strategy': 'x509|webhook', 'authentication.webhook.config_file': WEBHOOK },
  ),
];
