import { cluster, config, type ExpectedKey, file, group, mapped, warned } from './expected-key.ts';

const PEM = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';
const CERT = 'ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t';

/** `nodes[]`. What differs from node to node is set on the first one. */
export const NODE_KEYS: readonly ExpectedKey[] = [
  mapped('nodes[].address', '10.9.9.9', cluster('nodes.0.address', '10.9.9.9')),
  mapped('nodes[].port', '2222', cluster('nodes.0.port', 2222)),
  mapped('nodes[].internal_address', '192.168.0.11', [
    cluster('nodes.0.internalAddress', '192.168.0.11'),
    config('node-ip', '192.168.0.11'),
  ]),
  mapped('nodes[].role', ['controlplane', 'etcd', 'worker'], cluster('nodes.0.roles.length', 3)),
  mapped('nodes[].hostname_override', 'server-one', config('node-name', 'server-one')),
  mapped('nodes[].user', 'ubuntu', cluster('nodes.0.user', 'ubuntu')),
  warned('nodes[].docker_socket', '/run/elsewhere.sock'),
  mapped('nodes[].ssh_agent_auth', true, cluster('nodes.0.auth.agent', 'required')),
  mapped('nodes[].ssh_key', PEM, cluster('nodes.0.auth.key.reveal()', PEM)),
  mapped('nodes[].ssh_key_path', '/keys/one', cluster('nodes.0.auth.keyPaths', ['/keys/one'])),
  mapped('nodes[].ssh_cert', CERT, cluster('nodes.0.auth.certificate', CERT)),
  mapped('nodes[].ssh_cert_path', '/keys/c.pub', cluster('nodes.0.auth.certificatePath', '/keys/c.pub')),
  mapped('nodes[].labels', { disk: 'ssd' }, config('node-label', 'disk=ssd')),
  group('nodes[].taints'),
  mapped('nodes[].taints[].key', 'dedicated', config('node-taint', 'dedicated=db:NoSchedule'), {
    'nodes[].taints[].value': 'db',
    'nodes[].taints[].effect': 'NoSchedule',
  }),
  mapped('nodes[].taints[].value', 'db', config('node-taint', 'dedicated=db:NoSchedule'), {
    'nodes[].taints[].key': 'dedicated',
    'nodes[].taints[].effect': 'NoSchedule',
  }),
  mapped('nodes[].taints[].effect', 'NoExecute', config('node-taint', 'dedicated=db:NoExecute'), {
    'nodes[].taints[].key': 'dedicated',
    'nodes[].taints[].value': 'db',
  }),
  warned('nodes[].taints[].timeAdded', '2024-01-01T00:00:00Z', {
    'nodes[].taints[].key': 'dedicated',
    'nodes[].taints[].value': 'db',
    'nodes[].taints[].effect': 'NoSchedule',
  }),
  warned('nodes[].nodeName', 'm-abcde'),
];

const BASTION = { 'bastion_host.address': 'jump.example.com' };

/** `bastion_host`: one for the whole cluster. */
export const BASTION_KEYS: readonly ExpectedKey[] = [
  mapped(
    'bastion_host.address',
    'jump.example.com',
    cluster('nodes.0.bastions.0.address', 'jump.example.com'),
  ),
  mapped('bastion_host.port', '2022', cluster('nodes.0.bastions.0.port', 2022), BASTION),
  mapped('bastion_host.user', 'hop', cluster('nodes.0.bastions.0.user', 'hop'), BASTION),
  mapped('bastion_host.ssh_agent_auth', true, cluster('nodes.0.bastions.0.auth.agent', 'required'), BASTION),
  mapped('bastion_host.ssh_key', PEM, cluster('nodes.0.bastions.0.auth.key.reveal()', PEM), BASTION),
  mapped(
    'bastion_host.ssh_key_path',
    '/keys/hop',
    cluster('nodes.0.bastions.0.auth.keyPaths', ['/keys/hop']),
    BASTION,
  ),
  mapped('bastion_host.ssh_cert', CERT, cluster('nodes.0.bastions.0.auth.certificate', CERT), BASTION),
  mapped(
    'bastion_host.ssh_cert_path',
    '/keys/c.pub',
    cluster('nodes.0.bastions.0.auth.certificatePath', '/keys/c.pub'),
    BASTION,
  ),
  warned('bastion_host.ignore_proxy_env_vars', true, BASTION),
];

const URL_BESIDE = { 'private_registries[].url': 'registry.example.com:5000' };
const AWS = /(registries|credential|ecr)/;

/** `private_registries[]`. */
export const REGISTRY_KEYS: readonly ExpectedKey[] = [
  mapped(
    'private_registries[].url',
    'registry.example.com:5000',
    cluster('registries.systemDefault', 'registry.example.com:5000'),
    { 'private_registries[].is_default': true },
  ),
  mapped('private_registries[].user', 'puller', file(/registries\.yaml$/, 'puller'), {
    ...URL_BESIDE,
    'private_registries[].password': 'hush-hush',
  }),
  mapped('private_registries[].password', 'hush-hush', file(/registries\.yaml$/, 'hush-hush', 'agent'), {
    ...URL_BESIDE,
    'private_registries[].user': 'puller',
  }),
  mapped(
    'private_registries[].is_default',
    true,
    config('system-default-registry', 'registry.example.com:5000'),
    URL_BESIDE,
  ),
  group('private_registries[].ecr_credential_plugin'),
  ...['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'].map((key) =>
    mapped(`private_registries[].ecr_credential_plugin.${key}`, 'AKIAEXAMPLE', file(AWS, 'AKIAEXAMPLE'), {
      'private_registries[].url': '123456789012.dkr.ecr.eu-central-1.amazonaws.com',
      'private_registries[].ecr_credential_plugin.aws_access_key_id': 'AKIAEXAMPLE',
      'private_registries[].ecr_credential_plugin.aws_secret_access_key': 'AKIAEXAMPLE',
    }),
  ),
];
