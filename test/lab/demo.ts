import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { createLab, type Lab } from './lab.ts';

const BIN = fileURLToPath(new URL('../../bin/rke2ctl', import.meta.url));
const NAME = 'demo';

/** Shows the main job on real hosts of this machine, as a person would do it, and cleans up after itself. */
async function main(): Promise<void> {
  tell('Three Linux hosts (systemd, sshd, firewalld) boot on this machine, in a network of their own.');
  const lab = await createLab({ name: NAME, hosts: 3 });
  const stop = () => void lab.destroy().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await show(lab);
  } finally {
    tell('The hosts go away again.');
    await lab.destroy();
  }
}

async function show(lab: Lab): Promise<void> {
  const config = join(lab.directory, 'cluster.yml');
  const text = stringify({
    cluster_name: NAME,
    ssh_key_path: lab.hosts[0]?.keyPath,
    nodes: lab.hosts.map((host, index) => ({
      address: host.address,
      user: host.user,
      hostname_override: host.name,
      role: index === 0 ? ['etcd', 'controlplane'] : ['worker'],
    })),
    install: { artifacts: lab.artifacts },
  });
  await writeFile(config, text);
  tell(`${config} says:\n\n${text}`);
  const rke2ctl = (...args: string[]) => run(lab, ['rke2ctl', ...args], [process.execPath, BIN, ...args]);

  await rke2ctl('up', '--config', config);
  const kubeconfig = join(lab.directory, 'kube_config_cluster.yml');
  await run(lab, ['kubectl', 'get', 'nodes'], [lab.kubectl, '--kubeconfig', kubeconfig, 'get', 'nodes']);
  tell('Once more: there must be nothing to do.');
  await rke2ctl('up', '--config', config);
  await rke2ctl('remove', '--config', config, '--yes');
}

/** Shows a command as it would be typed and runs it on the controller's side of the lab, on this terminal. */
async function run(lab: Lab, shown: readonly string[], command: readonly string[]): Promise<void> {
  process.stderr.write(`\n\u001b[1m$ ${shown.join(' ')}\u001b[0m\n`);
  const home = { HOME: lab.directory, SSH_AUTH_SOCK: '' };
  const result = await lab.spawn(command, { stdio: 'inherit', env: home, reject: false });
  if (result.exitCode !== 0) throw new Error(`${shown.join(' ')} ended with exit code ${result.exitCode}`);
}

function tell(text: string): void {
  process.stderr.write(`\n\u001b[36m▌ ${text.replaceAll('\n', '\n  ')}\u001b[0m\n`);
}

await main();
