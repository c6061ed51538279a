import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab, LabHost } from '../test/lab/lab.ts';

/** What the playbook is told of a cluster; the first `servers` hosts of the lab are its servers. */
export interface PlaybookInput {
  readonly servers: number;
  readonly version: string;
  readonly serverToken: string;
  readonly agentToken: string;
  /** The first line of config.yaml, a comment. */
  readonly header: string;
  readonly knownHosts: string;
  /** Where inventory and kubeconfig go. */
  readonly directory: string;
}

const PLAYBOOK = fileURLToPath(new URL('./ansible/', import.meta.url));

/** Throws unless Ansible is on this machine. */
export async function requireAnsible(): Promise<void> {
  await access('/usr/bin/ansible-playbook').catch(() => {
    throw new Error(
      '/usr/bin/ansible-playbook is not there: `apt-get install ansible` (Debian 12 has 7.7, core 2.14) and take this figure again.',
    );
  });
}

/**
 * Runs bench/ansible/site.yml against the hosts of a lab, with connections of its own; gives how many tasks changed
 * something. Throws with Ansible's last words unless all went well.
 */
export async function runPlaybook(lab: Lab, input: PlaybookInput): Promise<number> {
  await mkdir(input.directory, { recursive: true });
  const inventory = join(input.directory, 'inventory.json');
  await writeFile(inventory, JSON.stringify(inventoryOf(lab, input)));
  // A socket's path must be short, and a master of an earlier run must not spare this one its handshakes.
  const sockets = await mkdtemp(join(tmpdir(), 'rke2ctl-'));
  try {
    const { exitCode, stdout, stderr } = await lab.run(
      ['ansible-playbook', '-i', inventory, '-f', String(lab.hosts.length), 'site.yml'],
      {
        cwd: PLAYBOOK,
        env: {
          HOME: input.directory,
          ANSIBLE_CONFIG: join(PLAYBOOK, 'ansible.cfg'),
          ANSIBLE_SSH_CONTROL_PATH_DIR: sockets,
          ANSIBLE_LOCAL_TEMP: join(sockets, 'tmp'),
        },
      },
    );
    const changes = [...stdout.matchAll(/ changed=(\d+) /g)].map(([, count]) => Number(count));
    if (exitCode !== 0 || changes.length < lab.hosts.length)
      throw new Error(`ansible-playbook ended with ${exitCode}:\n${stdout.slice(-4000)}\n${stderr}`);
    return changes.reduce((sum, count) => sum + count, 0);
  } finally {
    await closeMasters(lab, sockets);
    await rm(sockets, { recursive: true, force: true });
  }
}

/** OpenSSH's masters would stay for a minute. */
async function closeMasters(lab: Lab, sockets: string): Promise<void> {
  const line = `for socket in "$1"/*; do [ -S "$socket" ] && ssh -o ControlPath="$socket" -O exit any 2>/dev/null; done; true`;
  await lab.run(['sh', '-c', line, 'sh', sockets]);
}

function inventoryOf(lab: Lab, input: PlaybookInput): object {
  const [first, ...others] = lab.hosts;
  const entries = (hosts: readonly LabHost[]) =>
    Object.fromEntries(hosts.map(({ name, address }) => [name, { ansible_host: address }]));
  return {
    all: {
      vars: {
        artifacts: lab.artifacts,
        rke2_version: input.version,
        server_token: input.serverToken,
        agent_token: input.agentToken,
        config_header: input.header,
        kubeconfig: join(input.directory, 'kubeconfig'),
        ansible_user: first?.user,
        ansible_ssh_private_key_file: first?.keyPath,
        ansible_ssh_common_args: `-o UserKnownHostsFile=${input.knownHosts}`,
      },
      children: {
        servers: {
          children: {
            first: { hosts: entries(first === undefined ? [] : [first]) },
            joining: { hosts: entries(others.slice(0, input.servers - 1)) },
          },
        },
        workers: { hosts: entries(others.slice(input.servers - 1)) },
      },
    },
  };
}
