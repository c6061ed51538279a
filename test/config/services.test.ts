import { describe, expect, it } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { Cluster, NodeFile, Rke2Values } from '../../src/domain/cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { configEnvironment } from '../support/config-environment.ts';

const NODES = [{ address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] }];

function parse(data: object, variables: Record<string, string> = {}): Cluster {
  const env = configEnvironment({ variables });
  const { cluster, findings } = parseCluster(stringify({ nodes: NODES, ...data }), 'cluster.yml', env);
  if (!cluster) throw new Error(findings.map(({ message }) => message).join('\n'));
  return cluster;
}

function server(data: object): Rke2Values {
  return parse(data).rke2.server;
}

function fileOf(cluster: Cluster, name: string): NodeFile {
  const found = cluster.files.find(({ path }) => path === `/etc/rancher/rke2/rke2ctl/${name}`);
  if (!found) throw new Error(`no file ${name}`);
  return found;
}

function textOf(file: NodeFile): string {
  return file.content instanceof Secret ? file.content.reveal() : file.content;
}

describe('flags of components', () => {
  it('become name=value, on workers as well for those that run there', () => {
    const { rke2 } = parse({
      services: {
        etcd: { extra_args: { 'quota-backend-bytes': 8_589_934_592 } },
        'kube-controller': { extra_args: { 'node-monitor-grace-period': '16s' } },
        scheduler: { extra_args: { v: 4 } },
        kubelet: {
          extra_args: { 'max-pods': '200' },
          extra_args_array: { 'feature-gates': ['A=true', 'B=false'] },
        },
        kubeproxy: { extra_args: { 'masquerade-all': true } },
      },
    });
    const both = {
      'kubelet-arg': ['max-pods=200', 'feature-gates=A=true', 'feature-gates=B=false'],
      'kube-proxy-arg': ['masquerade-all=true'],
    };
    expect(rke2.agent).toEqual(both);
    expect(rke2.server).toEqual({
      'etcd-arg': ['quota-backend-bytes=8589934592'],
      'kube-controller-manager-arg': ['node-monitor-grace-period=16s'],
      'kube-scheduler-arg': ['v=4'],
      ...both,
    });
  });

  it('of etcd that take several values are one list, since RKE2 keeps only the last of several', () => {
    expect(
      server({
        services: {
          etcd: {
            extra_args: { 'cipher-suites': 'A,B', 'auto-compaction-mode': 'periodic' },
            extra_args_array: { 'log-outputs': ['stderr', '/var/log/etcd.log'] },
          },
        },
      }),
    ).toEqual({
      'etcd-arg': [
        'cipher-suites=[A,B]',
        'auto-compaction-mode=periodic',
        'log-outputs=[stderr,/var/log/etcd.log]',
      ],
    });
  });

  it('come before what rke2.agent adds for workers alone', () => {
    const { rke2 } = parse({
      services: { kubelet: { extra_args: { 'max-pods': 200 } } },
      rke2: { agent: { 'kubelet-arg': ['max-pods=400'] } },
    });
    expect(rke2.server['kubelet-arg']).toEqual(['max-pods=200']);
    expect(rke2.agent['kubelet-arg']).toEqual(['max-pods=200', 'max-pods=400']);
  });

  it('name each admission plugin once, NodeRestriction among them', () => {
    const named = { 'enable-admission-plugins': 'NodeRestriction,AlwaysPullImages,PodNodeSelector' };
    expect(
      server({ services: { 'kube-api': { always_pull_images: true, event_rate_limit: { enabled: true } } } }),
    ).toMatchObject({
      'kube-apiserver-arg': ['enable-admission-plugins=NodeRestriction,AlwaysPullImages,EventRateLimit'],
    });
    expect(
      server({ services: { 'kube-api': { always_pull_images: true, extra_args: { v: 2, ...named } } } }),
    ).toEqual({
      'kube-apiserver-arg': [
        'enable-admission-plugins=NodeRestriction,AlwaysPullImages,PodNodeSelector',
        'v=2',
      ],
    });
  });
});

describe('mounts and environment', () => {
  it('lose what only Docker knows', () => {
    const binds = ['/a:/b', '/c:/d:ro', '/e:/f:z', '/g:/h:rw,Z', '/i:/j:z,ro'];
    const { rke2 } = parse({
      services: { kubeproxy: { extra_binds: binds, extra_env: ['A=b=c', 'D='] } },
    });
    const both = {
      'kube-proxy-extra-mount': ['/a:/b', '/c:/d:ro', '/e:/f', '/g:/h:rw', '/i:/j:ro'],
      'kube-proxy-extra-env': ['A=b=c', 'D='],
    };
    expect(rke2).toMatchObject({ server: both, agent: both });
  });
});

describe('the other keys of services', () => {
  it('become keys of RKE2', () => {
    const { rke2 } = parse({
      profile: 'cis',
      selinux: true,
      services: {
        'kube-api': { service_node_port_range: '30000-31000', secrets_encryption_config: { enabled: false } },
        kubelet: {
          infra_container_image: 'registry.example.com:5000/rancher/mirrored-pause:3.6',
          fail_swap_on: false,
        },
      },
    });
    const both = {
      profile: 'cis',
      selinux: true,
      'pause-image': 'registry.example.com:5000/rancher/mirrored-pause:3.6',
      'kubelet-arg': ['fail-swap-on=false'],
    };
    expect(rke2.agent).toEqual(both);
    expect(rke2.server).toEqual({ ...both, 'service-node-port-range': '30000-31000' });
  });

  it('ask for an etcd user on servers only', () => {
    expect(parse({ profile: 'etcd' }).rke2).toMatchObject({ server: { profile: 'etcd' }, agent: {} });
  });

  it('mean nothing while they are empty', () => {
    const services = {
      etcd: null,
      'kube-api': { image: '', extra_args: {}, extra_binds: [], extra_env: [] },
      kubelet: {},
    };
    expect(parse({ services }).rke2).toEqual({ server: {}, agent: {}, secrets: {} });
  });
});

describe('the audit log', () => {
  it('is one policy and the flags that the file names, and no mount, since RKE2 makes that', () => {
    const cluster = parse({
      services: {
        'kube-api': {
          audit_log: {
            enabled: true,
            configuration: {
              max_age: 6,
              max_backup: 0,
              max_size: 110,
              path: '/var/log/kube-audit/audit-log.json',
              format: 'json',
              policy: { rules: [{ level: 'None', resources: [{ group: '', resources: ['events'] }] }] },
            },
          },
        },
      },
    });
    expect(cluster.rke2.server).toEqual({
      'audit-policy-file': '/etc/rancher/rke2/rke2ctl/audit-policy.yaml',
      'kube-apiserver-arg': [
        'audit-log-maxage=6',
        'audit-log-maxbackup=0',
        'audit-log-maxsize=110',
        'audit-log-path=/var/log/kube-audit/audit-log.json',
        'audit-log-format=json',
      ],
    });
    expect(parseYaml(textOf(fileOf(cluster, 'audit-policy.yaml')))).toEqual({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      rules: [{ level: 'None', resources: [{ group: '', resources: ['events'] }] }],
    });
  });

  it('has RKE1’s own policy when the file has none', () => {
    const cluster = parse({ services: { 'kube-api': { audit_log: { enabled: true } } } });
    expect(parseYaml(textOf(fileOf(cluster, 'audit-policy.yaml')))).toMatchObject({
      rules: [{ level: 'Metadata' }],
    });
    expect(cluster.rke2.server).toEqual({ 'audit-policy-file': fileOf(cluster, 'audit-policy.yaml').path });
    expect(fileOf(cluster, 'audit-policy.yaml').on).toBe('servers');
  });

  it('is none when it is not enabled', () => {
    expect(parse({ services: { 'kube-api': { audit_log: { enabled: false } } } }).files).toEqual([]);
  });
});

describe('admission', () => {
  const admission = (data: object) => {
    const cluster = parse(data);
    expect(cluster.rke2.server['pod-security-admission-config-file']).toBe(
      fileOf(cluster, 'admission.yaml').path,
    );
    return parseYaml(textOf(fileOf(cluster, 'admission.yaml'))) as {
      plugins: { name: string; configuration: object }[];
    };
  };

  it('is left to RKE2 unless the file asks for something', () => {
    const files = (data: object) => parse(data).files;
    expect(files({ services: { 'kube-api': { pod_security_configuration: 'privileged' } } })).toEqual([]);
    expect(files({ profile: 'cis' })).toEqual([]);
  });

  it('restricts pods but not those that RKE2 needs', () => {
    const [plugin] = admission({
      services: { 'kube-api': { pod_security_configuration: 'restricted' } },
    }).plugins;
    expect(plugin).toMatchObject({
      name: 'PodSecurity',
      configuration: {
        defaults: { enforce: 'restricted', audit: 'restricted', warn: 'restricted' },
        exemptions: { namespaces: ['kube-system', 'compliance-operator-system', 'tigera-operator'] },
      },
    });
  });

  it('keeps the profile’s restriction in a file that is there for something else', () => {
    const { plugins } = admission({
      profile: 'cis',
      services: { 'kube-api': { event_rate_limit: { enabled: true } } },
    });
    expect(plugins).toMatchObject([
      { name: 'EventRateLimit', configuration: { limits: [{ type: 'Server', qps: 5000, burst: 20_000 }] } },
      { name: 'PodSecurity', configuration: { defaults: { enforce: 'restricted' } } },
    ]);
  });

  it('takes the word of admission_configuration before that of the other keys, and keeps empty text in it', () => {
    const own = { name: 'EventRateLimit', configuration: { limits: [{ type: 'User', qps: 1, burst: 2 }] } };
    const selector = {
      name: 'PodNodeSelector',
      configuration: { podNodeSelectorPluginConfig: { open: '' } },
    };
    const read = admission({
      services: {
        'kube-api': {
          admission_configuration: { plugins: [own, selector] },
          event_rate_limit: { enabled: true },
          pod_security_configuration: 'restricted',
        },
      },
    });
    expect(read).toMatchObject({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' });
    expect(read.plugins).toMatchObject([own, selector, { name: 'PodSecurity' }]);
  });

  it('reads the same by the rules of YAML 1.1', () => {
    const selector = {
      name: 'X',
      configuration: { on: 'yes', no: '0o17', date: '2020-01-01', big: '1_000' },
    };
    const cluster = parse({ services: { 'kube-api': { admission_configuration: { plugins: [selector] } } } });
    const text = textOf(fileOf(cluster, 'admission.yaml'));
    expect(parseYaml(text, { version: '1.1' })).toEqual(parseYaml(text));
    expect(parseYaml(text)).toMatchObject({ plugins: [selector, { name: 'PodSecurity' }] });
  });
});

describe('authentication', () => {
  const WEBHOOK =
    'apiVersion: v1\nkind: Config\nclusters: [{name: w, cluster: {server: "https://w.example"}}]\n';

  it('by webhook is a secret file and two flags', () => {
    const cluster = parse({
      authentication: { strategy: 'x509 | Webhook', webhook: { config_file: WEBHOOK, cache_timeout: '9s' } },
    });
    const file = fileOf(cluster, 'authentication-webhook.yaml');
    expect(textOf(file)).toBe(WEBHOOK);
    expect(JSON.stringify(cluster)).not.toContain('w.example');
    expect(cluster.rke2.server['kube-apiserver-arg']).toEqual([
      `authentication-token-webhook-config-file=${file.path}`,
      'authentication-token-webhook-cache-ttl=9s',
    ]);
  });

  it('believes a webhook for 5 seconds, as RKE1 did, and reads it from where the file says', () => {
    const authentication = { strategy: 'x509|webhook', webhook: { config_file: 'env:WEBHOOK' } };
    const cluster = parse({ authentication }, { WEBHOOK });
    expect(textOf(fileOf(cluster, 'authentication-webhook.yaml'))).toBe(WEBHOOK);
    expect(cluster.rke2.server['kube-apiserver-arg']).toContain('authentication-token-webhook-cache-ttl=5s');
  });

  it('by certificate needs nothing', () => {
    expect(
      parse({ authentication: { strategy: 'x509' }, authorization: { mode: 'rbac', options: {} } }).rke2,
    ).toEqual(parse({}).rke2);
  });
});
