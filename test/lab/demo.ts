import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLab, type Lab, type LabHost } from './lab.ts';

const BIN = fileURLToPath(new URL('../../bin/rke2ctl', import.meta.url));
const NAME = 'demo';

/** The person stopped the demo; what is left to do is to take the hosts away. */
class Stopped extends Error {}

/**
 * Shows the main job on real hosts of this machine, as a person would do it, and cleans up after itself, also after
 * Ctrl-C. `--release DIR` takes a real release. Exit code 0, 1 when a command failed, 130 when it was stopped.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { release: { type: 'string' } } });
  const since = Date.now();
  const stop = new AbortController();
  // One Ctrl-C may arrive several times: from the terminal, from npm and from tsx.
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  introduce(values.release);
  try {
    await withLab(values.release, stop.signal, (lab) => show(lab, stop.signal));
  } catch (error) {
    if (stop.signal.aborted) return 130;
    tell(`The demo ended early: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  tell(`That was all, in ${Math.round((Date.now() - since) / 1000)} s. Nothing of it is left running.`);
  return 0;
}

function introduce(release: string | undefined): void {
  const binaries =
    release === undefined
      ? 'RKE2 itself is a stand-in here (test/standin): no release is downloaded.'
      : `RKE2 comes from ${release}.`;
  tell(
    `Three Linux hosts (systemd, sshd, firewalld) boot on this machine, in a
network of their own. Debian packages that it lacks for that are installed with
apt-get, and named below.
${binaries}`,
  );
}

/** A lab for as long as `work` takes. A signal while it is being made counts once it is there and can be taken away. */
async function withLab(
  release: string | undefined,
  stop: AbortSignal,
  work: (lab: Lab) => Promise<void>,
): Promise<void> {
  const promise = () => tell('Stopping. The hosts are finished first, so that they can be taken away whole.');
  stop.addEventListener('abort', promise, { once: true });
  const lab = await createLab({ name: NAME, hosts: 3, ...(release === undefined ? {} : { release }) });
  stop.removeEventListener('abort', promise);
  try {
    if (!stop.aborted) await work(lab);
    if (stop.aborted) throw new Stopped();
  } finally {
    tell('The hosts go away again.');
    await lab.destroy();
  }
}

async function show(lab: Lab, stop: AbortSignal): Promise<void> {
  const text = clusterFile(lab);
  await writeFile(join(lab.directory, 'cluster.yml'), text);
  tell(`In ${lab.directory} lies this cluster.yml:`);
  process.stderr.write(`\n${text.replaceAll(/^(?=.)/gm, '  ')}`);
  const rke2ctl = (...args: string[]) =>
    run(lab, stop, ['rke2ctl', ...args], [process.execPath, BIN, ...args]);

  await rke2ctl('up');
  const kubeconfig = ['--kubeconfig', 'kube_config_cluster.yml'];
  await run(
    lab,
    stop,
    ['kubectl', ...kubeconfig, 'get', 'nodes'],
    [lab.kubectl, ...kubeconfig, 'get', 'nodes'],
  );
  tell('Once more: there must be nothing to do.');
  await rke2ctl('up');
  tell('And away with it: RKE2, its data, our firewall rules.');
  await rke2ctl('remove', '--yes');
}

/** As a person would write it: one line per node. */
function clusterFile(lab: Lab): string {
  const node = (host: LabHost, role: string) =>
    `  - {address: ${host.address}, user: ${host.user}, role: [${role}]}`;
  return [
    `cluster_name: ${NAME}`,
    'nodes:',
    ...lab.hosts.map((host, index) => node(host, index === 0 ? 'controlplane, etcd' : 'worker')),
    `ssh_key_path: ${lab.hosts[0]?.keyPath}`,
    `install: {artifacts: ${lab.artifacts}}`,
    '',
  ].join('\n');
}

/** Shows a command as it would be typed and runs it on the controller's side of the lab, on this terminal. */
async function run(
  lab: Lab,
  stop: AbortSignal,
  shown: readonly string[],
  command: readonly string[],
): Promise<void> {
  if (stop.aborted) throw new Stopped();
  process.stderr.write(`\n\u001b[1m$ ${shown.join(' ')}\u001b[0m\n`);
  const env = { HOME: lab.directory, SSH_AUTH_SOCK: '' };
  const child = lab.spawn(command, { cwd: lab.directory, stdio: 'inherit', env });
  // Ctrl-C reaches the child from the terminal; a SIGTERM is meant for the demo alone and is handed on.
  const handOn = () => child.kill('SIGTERM');
  process.once('SIGTERM', handOn);
  const { exitCode } = await child.finally(() => process.off('SIGTERM', handOn));
  if (exitCode !== 0) throw new Error(`'${shown.join(' ')}' ended with exit code ${exitCode}.`);
}

function tell(text: string): void {
  const [first = '', ...rest] = text.split('\n');
  const lines = [`▌ ${first}`, ...rest.map((line) => `  ${line}`)];
  process.stderr.write(`\n\u001b[36m${lines.join('\n')}\u001b[0m\n`);
}

process.exitCode = await main();
