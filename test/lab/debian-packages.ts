import { access, rm, writeFile } from 'node:fs/promises';
import { runCommand } from './command.ts';
import { say } from './say.ts';

/** Debian packages this machine needs for the lab, each with a program that tells whether it is there. */
const needed: ReadonlyArray<readonly [program: string, packageName: string]> = [
  ['mmdebstrap', 'mmdebstrap'],
  ['systemd-nspawn', 'systemd-container'],
  ['nft', 'nftables'],
  ['ip', 'iproute2'],
  ['ssh', 'openssh-client'],
  ['sshd', 'openssh-server'],
  ['nsenter', 'util-linux'],
  ['mount', 'mount'],
  ['openssl', 'openssl'],
];

/** Installs what the lab needs on this machine and says so on stderr. Needs root and Debian's apt-get. */
export async function installDebianPackages(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error(
      'The lab needs root: it makes network namespaces, mounts and containers. Run it again as root or with sudo.',
    );
  const missing: string[] = [];
  for (const [program, packageName] of needed) if (!(await isOnPath(program))) missing.push(packageName);
  if (missing.length === 0) return;
  say(`installing Debian packages this machine lacks: ${missing.join(' ')}`);
  await withoutStarting(() => installMissing(missing));
}

async function installMissing(missing: readonly string[]): Promise<void> {
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing];
  // A failed install is tried again once: upgrading systemd on the way can clear /tmp under apt's feet.
  let last = '';
  for (const attempt of [1, 2]) {
    const options = { env: { DEBIAN_FRONTEND: 'noninteractive' } };
    await runCommand(['apt-get', 'update', '-qq'], options);
    if (attempt === 2) await runCommand(['dpkg', '--configure', '-a'], options);
    const result = await runCommand(install, options);
    if (result.exitCode === 0) return;
    last = result.stderr.trim().split('\n').slice(-5).join('\n');
  }
  throw new Error(
    `The lab could not install ${missing.join(' ')} with apt-get:\n${last}\nInstall them by hand, then run this again.`,
  );
}

/** Debian starts the services it installs; tests start their own sshd, and this machine wants none from us. */
async function withoutStarting(work: () => Promise<void>): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' }).then(
    () => true,
    () => false,
  );
  try {
    await work();
  } finally {
    if (isOurs) await rm(policy);
  }
}

async function isOnPath(program: string): Promise<boolean> {
  for (const directory of ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin', '/usr/local/sbin']) {
    try {
      await access(`${directory}/${program}`);
      return true;
    } catch {
      // looked at the next directory
    }
  }
  return false;
}
