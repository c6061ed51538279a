import { describe, expect, it } from 'vitest';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

const QUESTIONNAIRE =
  '{provider: "", options: {}, node_selector: {}, extra_args: {}, dns_policy: "", extra_envs: [], extra_volumes: [], extra_volume_mounts: [], update_strategy: null, http_port: 0, https_port: 0, network_mode: "", tolerations: [], default_backend: null, default_http_backend_priority_class_name: "", nginx_ingress_controller_priority_class_name: "", default_ingress_class: null}';

function read(ingress: string) {
  return readClusterYml(`ingress: ${ingress}`);
}

describe('ingress', () => {
  it.each([
    [QUESTIONNAIRE, null],
    ['{provider: nginx}', ['ingress-nginx']],
    ['{provider: traefik}', ['traefik']],
    ['{provider: none}', ['none']],
    ['{provider: [traefik, nginx], network_mode: none}', ['traefik', 'ingress-nginx']],
    ['{http_port: 8080}', ['ingress-nginx']],
    ['{default_ingress_class: false}', ['ingress-nginx']],
  ])('%s asks for %j', (ingress, controllers) => {
    expect(read(ingress).ingress).toEqual(controllers);
  });

  it('becomes values of nginx’ chart, verbatim where nginx has variables of its own', () => {
    const { chartValues } = read(`
  options: {map-hash-bucket-size: 128, log-format-upstream: '$remote_addr \${x} $$'}
  extra_args: {default-ssl-certificate: "a/b", http-port: 8080, enable-ssl-passthrough: ""}
  extra_envs: [{name: TZ, value: ""}]
  extra_volumes: [{name: certs, emptyDir: {}}]
  extra_volume_mounts: [{name: certs, mountPath: /certs}]
  dns_policy: ClusterFirst
  node_selector: {gateway: true}
  tolerations: [{key: x, operator: Exists}]
  update_strategy: {strategy: RollingUpdate, rollingUpdate: {maxUnavailable: 5}}
  nginx_ingress_controller_priority_class_name: one
  default_backend: true
  default_http_backend_priority_class_name: two
  default_ingress_class: false`);
    expect(chartValues).toEqual({
      'rke2-ingress-nginx': {
        controller: {
          dnsPolicy: 'ClusterFirst',
          config: { 'map-hash-bucket-size': '128', 'log-format-upstream': `$remote_addr \${x} $$` },
          extraArgs: { 'default-ssl-certificate': 'a/b', 'http-port': '8080', 'enable-ssl-passthrough': '' },
          containerPort: { http: 8080 },
          extraEnvs: [{ name: 'TZ', value: '' }],
          extraVolumes: [{ name: 'certs', emptyDir: {} }],
          extraVolumeMounts: [{ name: 'certs', mountPath: '/certs' }],
          nodeSelector: { gateway: 'true' },
          tolerations: [{ key: 'x', operator: 'Exists' }],
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 5 } },
          priorityClassName: 'one',
          ingressClassResource: { default: false },
        },
        defaultBackend: { enabled: true, priorityClassName: 'two' },
      },
    });
  });

  it.each([
    [
      '{network_mode: hostPort, http_port: 8080, https_port: "8443"}',
      { hostPort: { enabled: true, ports: { http: 8080, https: 8443 } } },
    ],
    ['{network_mode: hostNetwork}', { hostNetwork: true, hostPort: { enabled: false } }],
    ['{network_mode: none}', { hostNetwork: false, hostPort: { enabled: false } }],
  ])('is reached as %s says', (ingress, controller) => {
    expect(read(ingress).chartValues).toEqual({ 'rke2-ingress-nginx': { controller } });
  });

  it('is refused below rke2, where it has no place beside its own section', () => {
    expect(listFindingsOf('rke2: {server: {ingress-controller: traefik}}')).toEqual([
      'error rke2-key-owned rke2.server.ingress-controller',
    ]);
  });

  it.each([
    ['{provider: nginx}', '', ['warning ingress-nginx-ending ingress.provider']],
    ['{default_backend: false}', '', ['warning ingress-nginx-ending ingress']],
    ['{provider: nginx}', 'v1.37.0+rke2r1', ['error ingress-nginx-gone ingress.provider']],
    ['{provider: traefik}', 'v1.27.16+rke2r1', ['error ingress-traefik-version ingress.provider']],
    ['{provider: none, http_port: 81}', '', ['warning ingress-settings-unused ingress']],
    ['{provider: traefik, options: {a: b}}', '', ['warning ingress-settings-unused ingress']],
    [
      '{http_port: 80, https_port: 80}',
      '',
      ['warning ingress-nginx-ending ingress', 'error ingress-ports-equal ingress.https_port'],
    ],
    [
      '{network_mode: hostNetwork, http_port: 81}',
      '',
      ['warning ingress-nginx-ending ingress', 'warning ingress-port-unused ingress.http_port'],
    ],
    [
      '{provider: [nginx, traefik]}',
      '',
      ['warning ingress-nginx-ending ingress.provider', 'error ingress-ports-shared ingress.provider'],
    ],
    ['{provider: haproxy}', '', ['error invalid-value ingress.provider']],
    ['{http_port: 70000}', '', ['error invalid-value ingress.http_port']],
  ])('%s with version %j: %j', (ingress, version, findings) => {
    const lines = version === '' ? '' : `kubernetes_version: ${version}\n`;
    expect(listFindingsOf(`${lines}ingress: ${ingress}`)).toEqual(expect.arrayContaining([...findings]));
  });

  it.each([QUESTIONNAIRE, '{provider: traefik}', '{provider: none}'])(
    'has no word to say of %s',
    (ingress) => {
      expect(listFindingsOf(`ingress: ${ingress}`)).toEqual([]);
    },
  );

  it('lets nginx and Traefik stand side by side on ports of their own', () => {
    const traefik =
      'chart_values: {rke2-traefik: {ports: {web: {hostPort: 8000}, websecure: {hostPort: 8443}}}}';
    const found = listFindingsOf(
      `kubernetes_version: v1.35.7+rke2r1\ningress: {provider: [nginx, traefik]}\n${traefik}`,
    );
    expect(found).toEqual(['warning ingress-nginx-ending ingress.provider']);
  });
});
