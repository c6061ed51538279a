import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A folder of keys that all sshds of a test file accept or show. Made anew for each file, removed with it. */
export interface Keys {
  readonly directory: string;
  /** Path of the private key `name`, made on first use; the public one lies beside it. */
  make(name: string, ...options: string[]): string;
  remove(): void;
}

export function createKeys(): Keys {
  const directory = mkdtempSync(join(tmpdir(), 'rke2ctl-keys-'));
  return {
    directory,
    make: (name, ...options) => {
      const path = join(directory, name);
      if (!existsSync(path)) {
        const given = options.length > 0 ? options : ['-t', 'ed25519', '-N', ''];
        execFileSync('ssh-keygen', ['-q', '-f', path, '-C', name, ...given]);
      }
      return path;
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A real sshd of Debian's on a loopback port. */
export interface Sshd {
  readonly address: string;
  readonly port: number;
  /** Where its users' shells look for their start-up files. */
  readonly home: string;
  readonly log: () => string;
  /** Pids of the sshd processes that serve connections. */
  readonly sessions: () => number[];
  stop(): Promise<void>;
}

export interface SshdOptions {
  readonly keys: Keys;
  /** Names of keys in `keys` that may log in; `user` by default. */
  readonly authorized?: readonly string[];
  /** Names of host keys in `keys`; `host` by default. */
  readonly hostKeys?: readonly string[];
  readonly address?: string;
  readonly port?: number;
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
}

export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const directory = mkdtempSync(join(tmpdir(), 'rke2ctl-sshd-'));
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const config = join(directory, 'sshd_config');
  const authorized = join(directory, 'authorized_keys');
  const names = options.authorized ?? ['user'];
  writeFileSync(
    authorized,
    names.map((name) => readFileSync(`${options.keys.make(name)}.pub`, 'utf8')).join(''),
  );
  const lines = [
    ...(options.config ?? []), // the first value wins
    `ListenAddress ${address.includes(':') ? `[${address}]` : address}`,
    `Port ${port}`,
    ...(options.hostKeys ?? ['host']).map((name) => `HostKey ${options.keys.make(name)}`),
    `AuthorizedKeysFile ${authorized}`,
    `PidFile ${join(directory, 'pid')}`,
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'LogLevel VERBOSE',
    'MaxStartups 10:30:100',
    `SetEnv HOME=${join(directory, 'home')}`, // this machine's own start-up files stay out of it
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  mkdirSync(join(directory, 'home'));
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const logFile = join(directory, 'log');
  const child = spawn('/usr/sbin/sshd', ['-D', '-f', config, '-E', logFile], { stdio: 'ignore' });
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  await untilListening(address, port, child, log);
  return {
    address,
    port,
    home: join(directory, 'home'),
    log,
    sessions: () => descendants(child.pid ?? 0),
    stop: async () => {
      const all = descendants(child.pid ?? 0);
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      for (const pid of all) endProcess(pid);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const found = server.address();
  server.close();
  await once(server, 'close');
  if (found === null || typeof found === 'string') throw new Error('no port');
  return found.port;
}

async function untilListening(
  address: string,
  port: number,
  child: ChildProcess,
  log: () => string,
): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${log()}`);
    const socket = connect({ host: address, port });
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(25);
  }
  throw new Error(`sshd does not listen: ${log()}`);
}

/** Processes below `pid` that are sshd's own, or run by it. */
function descendants(pid: number): number[] {
  const children = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found: number[] = [];
  const visit = (parent: number): void => {
    for (const [child, ppid] of children) {
      if (ppid === parent && child !== undefined) {
        found.push(child);
        visit(child);
      }
    }
  };
  visit(pid);
  return found;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
