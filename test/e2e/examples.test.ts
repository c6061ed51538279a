import { cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { makeProject } from './project.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** What of an example only its own site has, and what a lab host holds to show that the rest arrived. */
const CASES: readonly {
  readonly name: string;
  readonly without?: Readonly<Record<string, unknown>>;
  readonly shows: string;
  readonly as: string | RegExp;
}[] = [
  { name: 'minimal', shows: 'grep -c . /etc/rancher/rke2/config.yaml', as: /^\d+$/ },
  { name: 'single-node', shows: 'grep cni -A1 /etc/rancher/rke2/config.yaml', as: /canal/ },
  { name: 'bastion', without: { ssh: null }, shows: 'rke2 --version', as: /v1\.35\.7\+rke2r1/ },
  {
    name: 'cis',
    // Debian's hosts have no SELinux; strict host keys want a known_hosts that was there before.
    without: { selinux: null, ssh: null },
    shows: 'sysctl -n vm.overcommit_memory; id -un etcd; cat /etc/rancher/rke2/rke2ctl/audit-policy.yaml',
    as: /^1\netcd\n[\s\S]*RequestReceived/,
  },
  {
    name: 's3-snapshots',
    without: { endpoint: null },
    shows: 'cat /etc/rancher/rke2/config.yaml.d/20-rke2ctl-secrets.yaml',
    as: /etcd-s3-secret-key: "s3-secret-key"/,
  },
  {
    name: 'addons-charts',
    shows: 'ls /var/lib/rancher/rke2/server/manifests',
    as: /rke2ctl-addons\.yaml\nrke2ctl-chart-cert-manager\.yaml\nrke2ctl-limits\.yaml/,
  },
];

describe('an example on real hosts', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await createLab({ name: 'examples', hosts: 4, bastion: true });
  });
  afterAll(() => lab?.destroy());

  it.each(CASES)('$name comes up, has nothing more to do, and goes away', async (example) => {
    const project = await makeProject(lab, example.name);
    await cp(`${EXAMPLES}${example.name}`, project.directory, { recursive: true });
    await writeFile(project.path('lab.yml'), await forLab(example.name, example.without ?? {}));
    Object.assign(project.environment, { S3_ACCESS_KEY: 's3-access-key', S3_SECRET_KEY: 's3-secret-key' });
    const rke2ctl = (...args: string[]) => project.rke2ctl(...args, '-c', 'cluster.yml', '-c', 'lab.yml');

    expectExit(await rke2ctl('up'));
    const { stdout } = await lab.exec('node1', ['sh', '-c', `PATH=$PATH:/usr/local/bin; ${example.shows}`]);
    expect(stdout.trim()).toMatch(example.as);
    const nodes = expectExit(await project.kubectl('get', 'nodes', '--no-headers')).stdout;
    expect(nodes.match(/ Ready /g)?.length).toBe((await nodesOf(example.name)).length);
    expectExit(await rke2ctl('plan'), 0);
    expectExit(await rke2ctl('remove', '--yes'));
  });

  /** The second file: the example's nodes on the lab's hosts, and the lab's release. */
  async function forLab(name: string, without: Readonly<Record<string, unknown>>): Promise<string> {
    const nodes = (await nodesOf(name)).map(({ role, labels, taints }, index) => {
      const host = lab.hosts[index];
      if (host === undefined) throw new Error(`the lab has no host for node ${index + 1} of ${name}`);
      const { address, user, keyPath } = host;
      return {
        address,
        user,
        role,
        ssh_key_path: keyPath,
        ...(labels && { labels }),
        ...(taints && { taints }),
      };
    });
    const { bastion } = lab;
    if (bastion === undefined) throw new Error('the lab has no bastion');
    return stringify({
      nodes,
      bastion_host: { address: bastion.address, port: 22, user: bastion.user, ssh_key_path: bastion.keyPath },
      install: { artifacts: lab.artifacts },
      ...without,
    });
  }
});

interface ExampleNode {
  readonly role: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly unknown[];
}

async function nodesOf(name: string): Promise<readonly ExampleNode[]> {
  const file = parse(await readFile(`${EXAMPLES}${name}/cluster.yml`, 'utf8')) as {
    readonly nodes: readonly ExampleNode[];
  };
  return file.nodes;
}
