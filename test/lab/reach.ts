import type { Lab, LabHost } from './lab.ts';

const options = [
  ...['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=2', '-o', 'LogLevel=ERROR'],
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'IdentitiesOnly=yes'],
  ...['-o', 'ServerAliveInterval=2'],
];

/** The OpenSSH command line from the controller straight to a host, for Lab.run and Lab.spawn. */
export function sshDirectly(host: LabHost, command: string): string[] {
  return ['ssh', ...options, '-i', host.keyPath, `${host.user}@${host.address}`, command];
}

/** The OpenSSH command line from the controller through the lab's bastion to a host. */
export function sshThroughBastion(lab: Lab, host: LabHost, command: string): string[] {
  const { bastion } = lab;
  if (bastion === undefined)
    throw new Error(`The lab '${lab.name}' has no bastion; create it with bastion: true.`);
  const proxy = [
    'ssh',
    ...options,
    '-i',
    bastion.keyPath,
    '-W',
    '[%h]:%p',
    `${bastion.user}@${bastion.address}`,
  ];
  const [ssh = 'ssh', ...rest] = sshDirectly(host, command);
  return [ssh, '-o', `ProxyCommand=${proxy.join(' ')}`, ...rest];
}

/** What a TCP connection from one lab host to an address meets: an answer, a refusal, or nothing for two seconds. */
export async function canConnect(
  lab: Lab,
  from: string,
  address: string,
  port: number,
): Promise<'open' | 'refused' | 'silent'> {
  const command = ['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`];
  const { exitCode } = await lab.exec(from, command);
  return exitCode === 0 ? 'open' : exitCode === 124 ? 'silent' : 'refused';
}
