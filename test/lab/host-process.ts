import { access, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { standinBin } from './base-tree.ts';
import { findInitCgroups, hasCgroupV1, killCgroup, makeHostCgroups, setFrozen } from './cgroups.ts';
import { type CommandOptions, type ExecResult, mustRun, runCommand } from './command.ts';
import { type HostRecord, hostDirectory, type LabState } from './lab-state.ts';
import { bridge, inNamespace } from './network.ts';
import { say } from './say.ts';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Joins the cgroups given before `--`, then becomes the command after it. */
const joinCgroups = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift; exec "$@"';

/** Starts the host's systemd and returns at once. The process lives on after this one. */
export async function startHost(state: LabState, host: HostRecord): Promise<void> {
  const directory = hostDirectory(state, host);
  const cgroups = await makeHostCgroups(state, host);
  const env: Record<string, string> = { PATH: path, SYSTEMD_SECCOMP: '0', SYSTEMD_NSPAWN_TMPFS_TMP: '0' };
  if (await hasCgroupV1()) env['SYSTEMD_NSPAWN_UNIFIED_HIERARCHY'] = '0';
  const nspawn = [
    ...['systemd-nspawn', '--quiet', '--keep-unit', '--register=no', '--boot', '--capability=all'],
    ...[`--machine=${host.machine}`, `--hostname=${host.name}`, `--directory=${directory}/root`],
    ...[`--network-bridge=${bridge}`, '--resolv-conf=off', '--timezone=off', '--link-journal=no'],
    '--bind=/dev/kmsg',
    ...(await bindNode(state)),
    ...state.binds.map(({ source, target }) => `--bind-ro=${source}:${target}`),
  ];
  const script = `echo $$ >"$1"; exec >>"$2" 2>&1; shift 2; ${joinCgroups}`;
  const files = [`${directory}/nspawn.pid`, `${directory}/console.log`];
  const command = ['-c', script, 'start-host', ...files, ...cgroups, '--', ...inNamespace(state, nspawn)];
  const subprocess = execa('sh', command, {
    env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    stdio: 'ignore',
  });
  subprocess.unref();
}

/** Waits until all units of the host are up. A unit that failed gets a second try; if it fails again this throws with its words. */
export async function waitForHost(state: LabState, host: HostRecord, timeoutMs = 90_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let retried = false;
  while (Date.now() < deadline) {
    const result = await execInHost(state, host, ['systemctl', 'is-system-running', '--wait'], {
      timeoutMs: 30_000,
    }).catch(() => undefined);
    if (result?.stdout === 'running') return;
    if (result?.stdout === 'degraded') {
      const failed = await execInHost(state, host, ['systemctl', '--failed', '--plain', '--no-legend']);
      const units = failed.stdout.split('\n').flatMap((line) => line.split(' ')[0] || []);
      if (retried) throw new Error(await describeFailedUnits(state, host, units));
      say(`${host.name}: trying again what failed at boot: ${units.join(' ')}`);
      await execInHost(state, host, ['systemctl', 'restart', ...units]);
      retried = true;
    } else {
      await sleep(100);
    }
  }
  const console = await readFile(`${hostDirectory(state, host)}/console.log`, 'utf8').catch(() => '');
  throw new Error(
    `The lab host ${host.name} did not come up within ${timeoutMs / 1000} s. Its last words on the console:\n` +
      `${console.split('\n').slice(-15).join('\n')}\nIs this machine overloaded? Look at 'uptime', then try again.`,
  );
}

/** Runs a command as root inside the host, in its PID 1's namespaces and cgroups. Throws if the host is off. */
export async function execInHost(
  state: LabState,
  host: HostRecord,
  command: readonly string[],
  options: { readonly stdin?: string; readonly timeoutMs?: number } = {},
): Promise<ExecResult> {
  const pid = await findInit(state, host);
  if (pid === undefined)
    throw new Error(
      `The lab host ${host.name} is off, so '${command.join(' ')}' cannot run in it. Use powerOn.`,
    );
  const limit =
    options.timeoutMs === undefined ? [] : ['timeout', '--signal=KILL', String(options.timeoutMs / 1000)];
  const enter = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd'];
  const environment = ['env', '-i', `PATH=${path}`, 'HOME=/root', 'USER=root', 'LANG=C.UTF-8', 'TERM=dumb'];
  const inside = ['nsenter', `--target=${pid}`, ...enter, '--', ...environment, ...limit, ...command];
  const cgroups = await findInitCgroups(state, host);
  const outer: CommandOptions = options.stdin === undefined ? {} : { stdin: options.stdin };
  return runCommand(['sh', '-c', joinCgroups, 'exec-in-host', ...cgroups, '--', ...inside], outer);
}

/** As {@link execInHost}, for commands of the lab itself that must succeed. */
export async function mustExecInHost(
  state: LabState,
  host: HostRecord,
  command: readonly string[],
): Promise<string> {
  const result = await execInHost(state, host, command);
  if (result.exitCode === 0) return result.stdout;
  throw new Error(
    `'${command.join(' ')}' on the lab host ${host.name} ended with exit code ${result.exitCode}: ${result.stderr}`,
  );
}

/** Power off as a plug pulled: PID 1 and all with it are killed. Fine on a host that is off. */
export async function killHost(state: LabState, host: HostRecord): Promise<void> {
  // What is frozen does not even die.
  await setFrozen(state, host, false);
  const init = await findInit(state, host);
  if (init !== undefined) process.kill(init, 'SIGKILL');
  // nspawn itself is in the host's cgroup too; it is given a moment to clean up behind its container.
  for (let waited = 0; waited < 4000 && (await findNspawn(state, host)) !== undefined; waited += 50)
    await sleep(50);
  await killCgroup(state, host);
  await rm(`${hostDirectory(state, host)}/nspawn.pid`, { force: true });
}

/** The pid on this machine of the host's PID 1, or undefined if the host is off. */
export async function findInit(state: LabState, host: HostRecord): Promise<number | undefined> {
  const nspawn = await findNspawn(state, host);
  if (nspawn === undefined) return undefined;
  const children = await readFile(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ').filter(Boolean)) {
    const status = await readFile(`/proc/${child}/status`, 'utf8').catch(() => '');
    if (/^NSpid:\t\d+\t1$/m.test(status) && (await isSystemd(child))) return Number(child);
  }
  return undefined;
}

/** Before it becomes systemd the container's first process is still nspawn's, with half the namespaces. */
async function isSystemd(pid: string): Promise<boolean> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() === 'systemd';
}

async function findNspawn(state: LabState, host: HostRecord): Promise<number | undefined> {
  const pid = Number(await readFile(`${hostDirectory(state, host)}/nspawn.pid`, 'utf8').catch(() => ''));
  if (!(pid > 1)) return undefined;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(`--machine=${host.machine}`) ? pid : undefined;
}

async function describeFailedUnits(state: LabState, host: HostRecord, units: string[]): Promise<string> {
  const journal = await execInHost(state, host, [
    ...['journalctl', '--no-pager', '--lines=30'],
    ...units.map((unit) => `--unit=${unit}`),
  ]);
  return `On the lab host ${host.name} these units failed twice: ${units.join(' ')}\n${journal.stdout}`;
}

/** This machine's Node for the stand-in, read only, with those of its libraries that the hosts' Debian does not have. */
async function bindNode(state: LabState): Promise<string[]> {
  const binds = [`--bind-ro=${process.execPath}:${standinBin}/node`];
  const libraries = (await mustRun(['ldd', process.execPath])).matchAll(/=> (\/\S+) \(/g);
  for (const [, library = ''] of libraries)
    if (!(await isInTree(state, library))) binds.push(`--bind-ro=${library}`);
  return binds;
}

async function isInTree(state: LabState, library: string): Promise<boolean> {
  try {
    await access(`${state.baseTree}${library}`);
    return true;
  } catch {
    return false;
  }
}
