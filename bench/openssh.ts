import { writeFile } from 'node:fs/promises';
import type { ExecResult } from '../test/lab/command.ts';
import type { Lab, LabHost } from '../test/lab/lab.ts';

/** OpenSSH's client with nothing of this machine's own: one key, host keys that are known already and are checked. */
export function opensshOptions(host: LabHost, knownHosts: string): readonly string[] {
  const settings = {
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: knownHosts,
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['-F', 'none', '-i', host.keyPath, ...words];
}

/** Writes the keys of all hosts of a lab into a known_hosts file of their own. */
export async function writeKnownHosts(lab: Lab, path: string): Promise<void> {
  const addresses = lab.hosts.map((host) => host.address);
  const { stdout } = await mustRunInLab(lab, ['ssh-keyscan', '-t', 'ed25519', ...addresses]);
  await writeFile(path, `${stdout}\n`);
}

/** Runs a command on the controller's side of a lab; throws with its words unless it ends well. */
export async function mustRunInLab(lab: Lab, command: readonly string[]): Promise<ExecResult> {
  const result = await lab.run(command);
  if (result.exitCode === 0) return result;
  throw new Error(`${command.join(' ')} ended with ${result.exitCode}: ${result.stderr}`);
}
