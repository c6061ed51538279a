// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what this is about
import { describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { substituteVariables } from '../../src/config/variables.ts';
import { configEnvironment } from '../support/config-environment.ts';

const VARIABLES = { SITE: 'fra', EMPTY: '', PORT: '2222', YES: 'true', NUMBER: '007', PASSWORD: '123456' };

const read = (value: unknown) => substituteVariables(value, VARIABLES).value;

describe('substituteVariables', () => {
  it.each([
    ['${SITE}', 'fra'],
    ['a-${SITE}-${PORT}', 'a-fra-2222'],
    ['${NONE:-x}', 'x'],
    ['${NONE:-}', ''],
    ['${NONE:-a:-b}', 'a:-b'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY}', ''],
    ['$${SITE}', '${SITE}'],
    ['$$${SITE}', '$fra'],
    ['$$$${SITE}', '$${SITE}'],
    ['a$$b ${SITE}', 'a$b fra'],
    ['pa$$word', 'pa$$word'],
    ['$SITE $1 ^(.*)$', '$SITE $1 ^(.*)$'],
    ['proxy/$1', 'proxy/$1'],
  ])('%s is %s', (text, expected) => {
    expect(read({ cluster_name: text })).toEqual({ cluster_name: expected });
  });

  it('does not look into what it has put in', () => {
    expect(substituteVariables({ a: '${A}' }, { A: '${B} $$', B: 'b' }).value).toEqual({ a: '${B} $$' });
  });

  it('leaves keys of maps and everything that is no text alone', () => {
    const value = { '${SITE}': 1, b: true, c: null, d: [1.5] };
    expect(read(value)).toEqual(value);
  });

  it('makes a value of one reference what its key takes', () => {
    const value = {
      nodes: [
        {
          address: '10.0.0.1',
          port: '${PORT}',
          ssh_agent_auth: '${YES}',
          labels: { a: '${YES}', b: '${PORT}' },
        },
      ],
      private_registries: [{ password: '${PASSWORD}', user: '${NUMBER}' }],
      rke2: {
        server: { selinux: '${YES}', 'etcd-snapshot-retention': '${NONE:-5}', 'node-name': 'a${PORT}' },
      },
    };
    expect(read(value)).toEqual({
      nodes: [{ address: '10.0.0.1', port: 2222, ssh_agent_auth: true, labels: { a: 'true', b: '2222' } }],
      private_registries: [{ password: '123456', user: '007' }],
      rke2: { server: { selinux: true, 'etcd-snapshot-retention': 5, 'node-name': 'a2222' } },
    });
  });

  it('leaves texts of other languages alone, and all below them', () => {
    const value = {
      nodes: [{ ssh_key: '${SITE}', bastion_host: { ssh_cert: '${SITE}' } }],
      bastion_host: [{ ssh_key: '${SITE}' }],
      services: {
        etcd: { ca_cert: '${NONE}' },
        'kube-api': { audit_log: { configuration: { policy: { rules: ['${NONE}'] } } } },
      },
    };
    expect(substituteVariables(value, VARIABLES)).toEqual({ value, findings: [] });
  });
});

describe('a file with variables', () => {
  const find = (text: string) =>
    parseCluster(text, 'cluster.yml', configEnvironment({ variables: VARIABLES })).findings.map(
      ({ code, hint, message, position }) =>
        `${position?.line}:${position?.column} ${code}: ${message} ${hint}`,
    );

  it('says which are not set, and nothing else of such values', () => {
    expect(
      find(
        'nodes:\n  - {address: "${HOST_1}", port: "${SSH_PORT}", role: [controlplane, etcd, worker]}\ncluster_name: a-${SITE}\n',
      ),
    ).toEqual([
      '2:15 variable-not-set: The environment variable HOST_1 is not set. Set it before rke2ctl starts (`export HOST_1=…`), or write a default: `${HOST_1:-…}`.',
      '2:34 variable-not-set: The environment variable SSH_PORT is not set. Set it before rke2ctl starts (`export SSH_PORT=…`), or write a default: `${SSH_PORT:-…}`.',
    ]);
  });

  it.each(['${}', '${1}', '${a b}', '${A-b}', '${A:=b}', '${OPEN', 'x ${OPEN'])('explains %s', (text) => {
    expect(
      find(`nodes: [{address: a.example, role: [controlplane, etcd, worker]}]\ncluster_name: "${text}"\n`),
    ).toEqual([
      expect.stringMatching(
        /^2:15 variable-syntax: `\$\{.*` is no reference to an environment variable. Write/,
      ),
    ]);
  });

  it('shows nothing of a password that happens to look like a reference', () => {
    const node = 'nodes: [{address: a.example, role: [controlplane, etcd, worker]}]\n';
    const found = find(`${node}private_registries: [{url: r.example, user: u, password: "a\${planted"}]\n`);
    expect(found).toEqual([expect.stringMatching(/^2:58 variable-syntax: `\$\{…\}` is no reference/)]);
    expect(found.join()).not.toContain('planted');
  });

  it('checks what was put in like what was written', () => {
    const node = 'nodes: [{address: a.example, role: [controlplane, etcd, worker], port: "${PASSWORD}"}]\n';
    expect(find(node)).toEqual([expect.stringContaining('`port` is "123456"; it must be a port number')]);
  });

  it('takes an empty one as unset', () => {
    const node = 'nodes: [{address: a.example, role: [controlplane, etcd, worker]}]\n';
    expect(find(`${node}cluster_name: \${EMPTY}\n`)).toEqual([]);
  });
});
