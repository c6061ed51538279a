import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { assumeInput } from '../../src/cli/plan/assume-input.ts';
import { showNode } from '../../src/cli/plan/rendered-node.ts';
import { loadCluster } from '../../src/config/load-cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { State } from '../../src/domain/state.ts';
import { desiredNode } from '../../src/render/desired-node.ts';
import { openStore } from '../../src/state/store.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { EXAMPLE_NAMES } from '../support/example-names.ts';
import { makeWorld, planInput } from '../support/model-hosts.ts';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-render-'));
afterAll(() => rmSync(folder, { recursive: true }));

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const variables = {
  DATASTORE_ENDPOINT: 'postgres://rke2:hunter2@db.example.com:5432/rke2',
  MIRROR_LOGIN: 'fetcher:password',
  S3_ACCESS_KEY: 'access-key-of-s3',
  S3_SECRET_KEY: 'secret-key-of-s3',
};
const env = configEnvironment({ cwd: examples, variables });

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const CONFIG = `kubernetes_version: v1.35.7+rke2r1
nodes:
  - {address: 10.0.0.11, hostname_override: server-1, role: [controlplane, etcd]}
  - {address: 10.0.0.21, internal_address: 192.168.0.21, role: [worker]}
private_registries:
  - {url: r.example.com, user: me, password: open-sesame}
addons: |
  kind: Secret
  apiVersion: v1
  metadata: {name: a, namespace: default}
  stringData: {a: simsalabim}
`;

describe('render without network', () => {
  it.each(EXAMPLE_NAMES)('gives for examples/%s what up would write there', async (name) => {
    const { cluster } = await loadCluster(`${name}/cluster.yml`, env);
    // The model's hosts have the node's address, and a name of their own where the file gives none.
    const model = planInput(makeWorld(cluster, { firewalld: false }));
    const { input } = await assumeInput({ ...cluster, version: model.version }, model.state);
    const named = cluster.nodes.filter((node) => node.name !== null).slice(0, 8);
    for (const node of named.length > 0 ? named : cluster.nodes) {
      const host = model.observed.hosts[node.key];
      if (host?.reachable !== true) throw new Error(`no host ${node.key}`);
      const real = desiredNode(model, { ...node, name: node.name ?? 'x' }, host.facts).files;
      const shown = showNode(input, { ...node, name: node.name ?? 'x' }, []).files;
      expect(shown.map(({ path, mode }) => [path, mode])).toEqual(real.map(({ path, mode }) => [path, mode]));
      for (const [index, { content, path, secret }] of real.entries())
        if (!secret) expect({ path, content: shown[index]?.content }).toEqual({ path, content });
      for (const word of [
        'hunter2',
        'access-key-of-s3',
        'secret-key-of-s3',
        'server-password',
        'agent-password',
      ])
        expect(JSON.stringify(shown)).not.toContain(word);
    }
  });

  it('shows every file below its path, and no secret', async () => {
    const path = write('cluster.yml', CONFIG);
    const { code, stdout, stderr } = await runProgram('render', 'server-1', '-c', path);
    expect(code).toBe(0);
    expect(stdout).toContain('==> /etc/rancher/rke2/config.yaml (0600) <==\n');
    expect(stdout).toContain('node-name: "server-1"\n');
    expect(stdout).toContain('==> /etc/rancher/rke2/registries.yaml (0600) <==\n');
    expect(stdout).toContain('r.example.com');
    expect(stdout).toContain('/server/manifests/rke2ctl-');
    for (const secret of ['open-sesame', 'simsalabim']) expect(stdout + stderr).not.toContain(secret);
  });

  it('says what only the host knows', async () => {
    const path = write('cluster.yml', CONFIG);
    const { stdout } = await runProgram('render', '10.0.0.21', '-c', path);
    expect(stdout).toContain('# Its name is not in the file: only the host knows it.\n');
    expect(stdout).toContain('# Tokens of nodes that join are complete once the first server is up.\n');
    expect(stdout).toContain('- "192.168.0.21"\n');
    expect(stdout).toContain('==> /etc/rancher/rke2/agent-token (0600) <==\n(not known yet)\n');
  });

  it('takes names, addresses and tokens from the state, and shows none of the latter', async () => {
    const path = write('known.yml', CONFIG);
    const record = {
      nodeId: 'n2',
      name: 'db-7',
      machineId: 'm2',
      hostKey: null,
      address: '10.0.0.21',
      port: 22,
      clusterAddress: '192.168.0.21',
      roles: ['worker' as const],
      version: 'v1.35.7+rke2r1',
      phase: 'joined' as const,
    };
    const state: State = {
      schemaVersion: 1,
      clusterId: 'c'.repeat(32),
      clusterName: 'local',
      serial: 1,
      version: 'v1.35.7+rke2r1',
      bootstrapNodeId: null,
      caHash: 'd'.repeat(64),
      desired: null,
      removing: false,
      nodes: { n2: record },
      addons: {},
      secrets: { serverToken: new Secret('a1'.repeat(32)), agentToken: new Secret('b2'.repeat(32)) },
    };
    await openStore(join(folder, 'known.rkestate'), null).write(state);
    const { stdout } = await runProgram('render', 'DB-7', '-c', path, '-o', 'json');
    const shown = JSON.parse(stdout);
    expect(shown.node).toMatchObject({ key: '10.0.0.21:22', name: 'db-7', address: '192.168.0.21' });
    expect(shown.notes).toEqual([]);
    const token = shown.files.find(({ path }: { path: string }) => path.endsWith('/agent-token'));
    expect(token.content).toBe(`K10${'d'.repeat(64)}::node:[secret]\n`);
    expect(stdout).not.toContain('b2b2');
  });

  it('says for which version it is when none is known', async () => {
    const path = write('cluster.yml', CONFIG.replace(/^kubernetes_version.*\n/, ''));
    const { stdout } = await runProgram('render', 'server-1', '-c', path);
    expect(stdout).toMatch(
      /^# Neither file nor state says which version it will be: this is as for v1\.\d+/m,
    );
  });

  it('names the nodes that there are', async () => {
    const { code, stderr } = await runProgram('render', 'server-9', '-c', write('cluster.yml', CONFIG));
    expect(code).toBe(3);
    expect(stderr).toContain('no node "server-9"');
    expect(stderr).toContain('server-1 (10.0.0.11:22), 10.0.0.21:22');
  });

  it('runs no command of a secret', async () => {
    const mark = join(folder, 'was-run');
    const text = CONFIG.replace('password: open-sesame', `password: "command:touch ${mark}"`);
    const { code, stdout } = await runProgram('render', 'server-1', '-c', write('cluster.yml', text));
    expect(code).toBe(0);
    expect(stdout).toMatch(/"password": "\[secret\]"/);
    expect(readdirSync(folder)).not.toContain('was-run');
  });
});
