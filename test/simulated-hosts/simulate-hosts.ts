import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type ClusterSize, makeClusterFiles } from './make-cluster-files.ts';
import type { HostFault, PlayOrder } from './play-hosts.ts';

/** Hosts of a running cluster that answer the probe and do nothing else, and the folder of the operator who made it. */
export interface SimulatedHosts {
  readonly directory: string;
  /** Of the process that plays them. */
  readonly pid: number;
  readonly port: number;
  readonly addresses: readonly string[];
  /** What the built command, or another program, finds in its environment: nothing of this machine's own counts. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs `rke2ctl ARGS` in the folder; never throws for an exit code. */
  readonly rke2ctl: (...args: string[]) => Promise<CommandEnd>;
  /** The same; gives the most memory that the process ever had, in megabytes, as the kernel counted it (VmHWM). */
  readonly peakMemory: (...args: string[]) => Promise<number>;
  /** From now on these hosts are ill and all others well; open connections fall. */
  readonly setFaults: (faults: PlayOrder) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface CommandEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const BIN = fileURLToPath(new URL('../../bin/rke2ctl', import.meta.url));
const PLAYER = fileURLToPath(new URL('play-hosts.ts', import.meta.url));
const TSX = fileURLToPath(new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url));

/** Starts the process that plays the hosts; it ends with `close`, or with this process. */
export async function simulateHosts(size: ClusterSize): Promise<SimulatedHosts> {
  const directory = await mkdtemp(join(tmpdir(), 'rke2ctl-simulated-'));
  const { addresses, played } = await makeClusterFiles(directory, size);
  const file = join(directory, 'played.json');
  await writeFile(file, JSON.stringify(played));
  const player = fork(PLAYER, [file], { execArgv: ['--import', TSX] });
  const environment = { HOME: join(directory, 'home'), SSH_AUTH_SOCK: '', NO_COLOR: '1' };
  const setFaults = (faults: PlayOrder) => order(player, faults);
  const close = async () => {
    if (player.exitCode === null && player.signalCode === null) {
      player.kill('SIGKILL');
      await once(player, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await setFaults({});
  } catch (error) {
    await close();
    throw error;
  }
  const hosts: SimulatedHosts = {
    directory,
    pid: player.pid ?? 0,
    port: size.port,
    addresses,
    environment,
    setFaults,
    close,
    rke2ctl: (...args) => runNode(hosts, [BIN, ...args]),
    peakMemory: async (...args) => {
      const file = join(directory, 'peak-memory');
      await runNode(hosts, ['--import', tellPeak(file), BIN, ...args]);
      return Number(await readFile(file, 'utf8')) / 1024;
    },
  };
  return hosts;
}

async function runNode(
  { directory, environment }: SimulatedHosts,
  args: readonly string[],
): Promise<CommandEnd> {
  const options = { cwd: directory, env: environment, reject: false };
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, options);
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

/** A module that writes the kernel's word down when its process ends. */
function tellPeak(file: string): string {
  const program = `
    import { readFileSync, writeFileSync } from 'node:fs';
    process.on('exit', () => writeFileSync(
      ${JSON.stringify(file)}, /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]));
  `;
  return `data:text/javascript,${encodeURIComponent(program)}`;
}

async function order(player: ChildProcess, faults: PlayOrder): Promise<void> {
  const gone = new AbortController();
  const exited = once(player, 'exit', { signal: gone.signal }).then(() => {
    throw new Error('the process that plays the hosts has ended');
  });
  exited.catch(() => undefined);
  const answered = once(player, 'message', { signal: gone.signal });
  answered.catch(() => undefined);
  player.send(faults);
  try {
    await Promise.race([answered, exited]);
  } finally {
    gone.abort();
  }
}

/** This many hosts ill, each of the three ways in turn, spread over all but the first ones. */
export function spreadFaults(addresses: readonly string[], count: number, spared: number): PlayOrder {
  const kinds: readonly HostFault[] = ['refused', 'silent', 'half-open'];
  const candidates = addresses.slice(spared);
  const step = Math.floor(candidates.length / count);
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      candidates[index * step] ?? '',
      kinds[index % kinds.length] ?? 'refused',
    ]),
  );
}
