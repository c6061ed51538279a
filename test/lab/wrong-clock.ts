import { mkdir, rm, writeFile } from 'node:fs/promises';
import { findInit, mustExecInHost } from './host-process.ts';
import { type HostRecord, hostDirectory, type LabState } from './lab-state.ts';

const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;

/**
 * Makes everything that people and programs see of the host's time wrong by `offset` (such as "+10s"), or right again.
 * All hosts share the machine's one clock, so it is faked per process: in SSH sessions, in services and below sudo.
 * sshd itself must not load the library, and Go programs do not see it.
 */
export async function setWrongClock(
  state: LabState,
  host: HostRecord,
  offset: string | undefined,
): Promise<void> {
  const root = `${hostDirectory(state, host)}/root`;
  const files = renderFiles(offset ?? '');
  for (const [path, content] of Object.entries(files)) {
    await rm(`${root}${path}`, { force: true });
    if (offset === undefined) continue;
    await mkdir(`${root}${path}`.replace(/\/[^/]+$/, ''), { recursive: true });
    await writeFile(`${root}${path}`, content, { mode: path.startsWith('/etc/sudoers.d') ? 0o440 : 0o644 });
  }
  if (offset === undefined)
    for (const directory of madeDirectories)
      await rm(`${root}${directory}`, { recursive: true, force: true });
  if ((await findInit(state, host)) === undefined) return;
  await mustExecInHost(state, host, ['systemctl', 'daemon-reexec']);
  await mustExecInHost(state, host, ['systemctl', 'restart', 'ssh.service']);
}

const madeDirectories = ['/etc/systemd/system.conf.d', '/etc/systemd/system/ssh.service.d'];

function renderFiles(offset: string): Record<string, string> {
  const variables = [`LD_PRELOAD=${library}`, `FAKETIME=${offset}`, 'FAKETIME_DONT_FAKE_MONOTONIC=1'];
  const names = variables.map((variable) => variable.split('=')[0]).join(' ');
  return {
    '/etc/ssh/sshd_config.d/clock.conf': `SetEnv ${variables.join(' ')}\n`,
    '/etc/systemd/system.conf.d/clock.conf': `[Manager]\nDefaultEnvironment=${variables.join(' ')}\n`,
    '/etc/systemd/system/ssh.service.d/clock.conf': `[Service]\nUnsetEnvironment=${names}\n`,
    '/etc/clock.env': `${variables.join('\n')}\n`,
    '/etc/sudoers.d/clock': 'Defaults env_file=/etc/clock.env\n',
  };
}
