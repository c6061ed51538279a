import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { renderRegistriesYaml } from '../../src/render/registries-yaml.ts';
import { configEnvironment } from '../support/config-environment.ts';

const NODES = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rke2ctl-registries-'));
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=registry'];
  execFileSync('openssl', ['req', '-x509', '-days', '1', ...kind, ...files], { stdio: 'ignore' });
  writeFileSync(join(folder, 'no.pem'), 'hello\n');
});

function read(text: string) {
  const env = configEnvironment({ cwd: folder, variables: { REGISTRY_PASSWORD: 'pass word' } });
  return parseCluster(NODES + text, 'cluster.yml', env);
}

function readCluster(text: string) {
  const { cluster, findings } = read(text);
  if (!cluster) throw new Error(JSON.stringify(findings));
  return cluster;
}

/** What is found, with the place: `code at path`. */
function listFindings(text: string): readonly string[] {
  return read(text).findings.map(({ code, path }) => `${code} at ${path}`);
}

describe('registries', () => {
  it('become registries.yaml, together with private_registries', () => {
    const cluster = readCluster(`
private_registries:
  - {url: registry.example.com:5000, user: puller, password: env:REGISTRY_PASSWORD, is_default: true}
  - {user: hub, password: hubpass}
registries:
  mirrors:
    quay.io: {endpoints: ["https://registry.example.com:5000"], rewrites: {"^(.*)$": quay/$1}}
    "*":
  configs:
    registry.example.com:5000: {tls: {ca: cert.pem, cert: cert.pem, key: key.pem}}
  disable_default_registry_endpoint: true
embedded_registry: true
`);
    const folderOnHost = '/etc/rancher/rke2/rke2ctl/registries/registry.example.com_5000';
    expect(parse(renderRegistriesYaml(cluster.registries) ?? '')).toEqual({
      mirrors: {
        'docker.io': { endpoint: ['https://registry.example.com:5000'] },
        'quay.io': {
          endpoint: ['https://registry.example.com:5000'],
          rewrite: { '^(.*)$': 'quay/$1' },
        },
        '*': {},
      },
      configs: {
        'registry.example.com:5000': {
          auth: { username: 'puller', password: 'pass word' },
          tls: {
            ca_file: `${folderOnHost}/ca.crt`,
            cert_file: `${folderOnHost}/client.crt`,
            key_file: `${folderOnHost}/client.key`,
          },
        },
        'registry-1.docker.io': { auth: { username: 'hub', password: 'hubpass' } },
      },
    });
    expect(cluster.registries).toMatchObject({
      systemDefault: 'registry.example.com:5000',
      onlyMirrors: true,
    });
    expect(cluster.rke2.server).toMatchObject({ 'embedded-registry': true });
  });

  it('mirror docker.io at the folder of the default registry', () => {
    const { registries } = readCluster('private_registries: [{url: r.example.com/hub/, is_default: true}]\n');
    expect(registries.systemDefault).toBe('r.example.com/hub');
    expect(registries.mirrors).toEqual({
      'docker.io': { endpoints: ['https://r.example.com'], rewrites: { '^(.*)$': 'hub/$1' } },
    });
  });

  it('carry their certificates to all nodes, the key as a secret', () => {
    const { files } = readCluster(
      'registries: {configs: {"r.example.com": {tls: {ca: cert.pem, cert: cert.pem, key: key.pem}}}}\n',
    );
    expect(files.map(({ path, on }) => `${on} ${path}`)).toEqual([
      'all /etc/rancher/rke2/rke2ctl/registries/r.example.com/ca.crt',
      'all /etc/rancher/rke2/rke2ctl/registries/r.example.com/client.crt',
      'all /etc/rancher/rke2/rke2ctl/registries/r.example.com/client.key',
    ]);
    expect(files[0]?.content).toBe(readFileSync(join(folder, 'cert.pem'), 'utf8'));
    expect(files[2]?.content).toBeInstanceOf(Secret);
  });

  it.each([
    ['mirrors: {"https://docker.io/v2": {}}', 'registry-name at registries.mirrors["https://docker.io/v2"]'],
    [
      'mirrors: {docker.io: {endpoints: [r.example.com]}}',
      'invalid-value at registries.mirrors["docker.io"].endpoints[0]',
    ],
    [
      'mirrors: {docker.io: {rewrites: {"(": x}}}',
      'registry-rewrite at registries.mirrors["docker.io"].rewrites["("]',
    ],
    [
      'mirrors: {docker.io: {rewrites: {"(?!a)": x}}}',
      'registry-rewrite at registries.mirrors["docker.io"].rewrites["(?!a)"]',
    ],
    ['configs: {r: {tls: {ca: gone.pem}}}', 'local-file at registries.configs.r.tls.ca'],
    ['configs: {r: {tls: {ca: no.pem}}}', 'pem-invalid at registries.configs.r.tls.ca'],
    ['configs: {r: {tls: {cert: cert.pem}}}', 'registry-credentials at registries.configs.r.tls.cert'],
    ['configs: {r: {tls: {cert: key.pem, key: cert.pem}}}', 'pem-invalid at registries.configs.r.tls.cert'],
    ['configs: {r: {auth: {username: a}}}', 'missing-key at registries.configs.r.auth.password'],
  ])('%s', (text, finding) => {
    expect(listFindings(`registries: {${text}}\n`)).toContain(finding);
  });

  it('may not say what private_registries says otherwise', () => {
    expect(
      listFindings(`
private_registries: [{url: "http://r.example.com", user: a, password: b, is_default: true}]
registries:
  mirrors: {docker.io: {endpoints: ["https://other.example.com"]}}
  configs: {r.example.com: {auth: {username: c, password: d}}}
`),
    ).toEqual([
      'registry-twice at registries.mirrors["docker.io"].endpoints',
      'registry-twice at registries.configs["r.example.com"].auth',
    ]);
  });

  it('are named when nothing would come of a switch', () => {
    expect(listFindings('embedded_registry: true\n')).toEqual([
      'embedded-registry-idle at embedded_registry',
    ]);
    expect(listFindings('registries: {disable_default_registry_endpoint: true}\n')).toEqual([
      'registry-unreachable at registries.disable_default_registry_endpoint',
    ]);
  });
});

describe('ecr_credential_plugin', () => {
  const ECR = '{aws_access_key_id: AKIA1, aws_secret_access_key: env:REGISTRY_PASSWORD}';

  it('becomes the kubelets’ list of plugins, with its keys in a secret file', () => {
    const { files, rke2 } = readCluster(
      `private_registries: [{url: 1.dkr.ecr.eu-west-1.amazonaws.com, ecr_credential_plugin: ${ECR}}]\n`,
    );
    const [file] = files;
    expect(rke2.server['image-credential-provider-config']).toBe(file?.path);
    expect(rke2.agent['image-credential-provider-config']).toBe(file?.path);
    expect(file).toMatchObject({ on: 'all' });
    if (!(file?.content instanceof Secret)) throw new Error('no secret');
    expect(parse(file.content.reveal())).toMatchObject({
      kind: 'CredentialProviderConfig',
      providers: [
        {
          name: 'ecr-credential-provider',
          matchImages: ['1.dkr.ecr.eu-west-1.amazonaws.com'],
          env: [
            { name: 'AWS_ACCESS_KEY_ID', value: 'AKIA1' },
            { name: 'AWS_SECRET_ACCESS_KEY', value: 'pass word' },
          ],
        },
      ],
    });
  });

  it('says that RKE2 does not bring the plugin, and wants one set of keys', () => {
    const entry = (url: string, keys: string) => `{url: ${url}, ecr_credential_plugin: ${keys}}`;
    expect(
      listFindings(
        `private_registries: [${entry('a.com', ECR)}, ${entry('b.com', '{aws_access_key_id: x}')}]\n`,
      ),
    ).toEqual([
      'registry-ecr-plugin at private_registries[0].ecr_credential_plugin',
      'registry-ecr-twice at private_registries[1].ecr_credential_plugin',
    ]);
  });
});
