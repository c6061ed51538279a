import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.ts';
import type { HostRecord, LabState } from './lab-state.ts';
import { inNamespace } from './network.ts';

/** The OpenSSH command line by which the operator reaches a host of the lab: through the bastion where there is one. */
export function sshCommand(state: LabState, host: HostRecord, remote: readonly string[]): string[] {
  const bastion = state.hosts.find((other) => other.role === 'bastion');
  const options = [
    ...['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-o', 'LogLevel=ERROR'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'IdentitiesOnly=yes'],
  ];
  const hop = (): string[] => {
    if (bastion === undefined || host.role === 'bastion') return [];
    const proxy = [
      'ssh',
      ...options,
      '-i',
      bastion.keyPath,
      '-W',
      '%h:%p',
      `${bastion.user}@${bastion.address}`,
    ];
    return ['-o', `ProxyCommand=${proxy.join(' ')}`];
  };
  return ['ssh', ...options, ...hop(), '-i', host.keyPath, `${host.user}@${host.address}`, ...remote];
}

/** Waits until the host lets its user in (the bastion's can only forward: there a first answer is enough). */
export async function waitForSsh(state: LabState, host: HostRecord, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let words = '';
  do {
    const result = await runCommand(inNamespace(state, sshCommand(state, host, ['true'])));
    words = `${result.stdout} ${result.stderr}`.trim();
    if (result.exitCode === 0) return;
    if (host.role === 'bastion' && words.includes('not available')) return;
    await sleep(150);
  } while (Date.now() < deadline);
  throw new Error(
    `The lab host ${host.name} does not answer SSH at ${host.address} as ${host.user}; the last answer was: ${words}`,
  );
}
