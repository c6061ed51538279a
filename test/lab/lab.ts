import { randomBytes } from 'node:crypto';
import { access, mkdir, rm } from 'node:fs/promises';
import { execa, type Options, type ResultPromise } from 'execa';
import { defaultVersion, provideRelease } from './artifacts.ts';
import { provideBaseTree, standinBin } from './base-tree.ts';
import { type CommandOptions, type ExecResult, mustRun, runCommand } from './command.ts';
import { installDebianPackages } from './debian-packages.ts';
import { destroyLab } from './destroy-lab.ts';
import { type FaultKind, healFault, injectFault, powerOffHost, powerOnHost } from './faults.ts';
import { mountHostTree, writeHostFiles } from './host-files.ts';
import { execInHost, startHost, waitForHost } from './host-process.ts';
import { raiseInotifyLimit } from './inotify-limit.ts';
import {
  type Bind,
  checkout,
  claimLab,
  currentOwner,
  type HostRecord,
  type HostRole,
  hostDirectory,
  isOwned,
  type LabState,
  labKey,
  labsDirectory,
  listLabs,
  loadLab,
  type SudoMode,
} from './lab-state.ts';
import { listHost } from './listing.ts';
import { mapBounded } from './map-bounded.ts';
import { addressesOf, hasNetwork, inNamespace, makeNetwork } from './network.ts';
import { say } from './say.ts';
import { waitForSsh } from './ssh-access.ts';
import { applyTrafficRules } from './traffic-rules.ts';

/** A host as a test sees it. `user` may log in at `address` or `address6` with the key at `keyPath`. */
export interface LabHost {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  readonly user: string;
  readonly keyPath: string;
  /** Only with sudo: 'password'. */
  readonly sudoPassword?: string;
  /** The host's file system as seen from this machine (without its /run and /proc). */
  readonly root: string;
}

export interface LabOptions {
  /** How many cluster hosts (node1, node2, …). */
  readonly hosts: number;
  /** How `user` becomes root; 'nopasswd' if not given. With 'root' the user is root. */
  readonly sudo?: SudoMode;
  /** One more host, the only one from which the others take SSH. */
  readonly bastion?: boolean;
  /** One more host with haproxy in front of ports 6443 and 9345 of all cluster hosts. */
  readonly lb?: boolean;
  /** Directory with a release's files, in place of the stand-in's. */
  readonly release?: string;
  /** The stand-in's version. */
  readonly version?: string;
  /** Paths of this machine that every host shows, read only (the package under test, say). */
  readonly binds?: readonly Bind[];
  /** Names the lab inside this checkout; 'default' if not given. */
  readonly name?: string;
  /** The lab lives on after this process and is never taken for a leftover. */
  readonly keep?: boolean;
}

/** Real hosts in a network of their own, with the controller's side in the same network. */
export interface Lab {
  readonly name: string;
  readonly namespace: string;
  /** Where its files lie on this machine. */
  readonly directory: string;
  /** A directory with a release's own files; this lab's own copy, unless LabOptions.release was given. */
  readonly artifacts: string;
  readonly hosts: readonly LabHost[];
  readonly bastion?: LabHost;
  readonly lb?: LabHost;
  readonly kubectl: string;
  readonly etcdctl: string;
  /** Runs a command as root inside a host, not over SSH. Its exit code is the result's; a host that is off throws. */
  exec(
    host: string,
    command: readonly string[],
    options?: { readonly stdin?: string; readonly timeoutMs?: number },
  ): Promise<ExecResult>;
  /** Runs a command on the controller's side, that is in the lab's network. */
  run(command: readonly string[], options?: CommandOptions): Promise<ExecResult>;
  /** As run, but hands out the process; its pid is the command's own. It does not throw for exit codes. */
  spawn(command: readonly string[], options?: Options): ResultPromise<Options>;
  fault(host: string, kind: FaultKind, argument?: string): Promise<void>;
  /** Undoes the faults of this kind on the host, or all of its faults. */
  heal(host: string, kind?: FaultKind): Promise<void>;
  powerOff(host: string): Promise<void>;
  /** Boots the host and returns when it answers SSH again. Fine on a host that runs. */
  powerOn(host: string): Promise<void>;
  /** What is on the host, as sorted lines that compare: files, units, mounts, interfaces, firewall, processes. */
  listing(host: string): Promise<string[]>;
  destroy(): Promise<void>;
}

/** Boots so many hosts at once; more do not come up sooner on two cores. */
const parallelBoots = 4;

/**
 * Makes a lab and returns when every host answers SSH. A lab of the same name that a test left behind is destroyed
 * first; one that is in use, or that was made to live on, is an error. What was made is taken back if it fails.
 */
export async function createLab(options: LabOptions): Promise<Lab> {
  await installDebianPackages();
  const baseTree = await provideBaseTree();
  const state = await claimName(options, baseTree.directory);
  try {
    await raiseInotifyLimit();
    await makeNetwork(state);
    await makeKeys(state);
    await applyTrafficRules(state);
    if (options.release === undefined)
      await provideRelease(state.artifacts, options.version ?? defaultVersion);
    else await access(options.release);
    await mapBounded(bootOrder(state.hosts), parallelBoots, (host) => makeHost(state, host));
    await mapBounded(state.hosts, parallelBoots, (host) => waitForSsh(state, host));
    return toLab(state);
  } catch (error) {
    if (process.env['RKE2CTL_LAB_KEEP_FAILED'] === undefined) await destroyLab(state);
    throw error;
  }
}

/** The lab of this name that exists already. */
export async function openLab(name = 'default'): Promise<Lab> {
  const state = await loadLab(labKey(name));
  if (state === undefined)
    throw new Error(
      `This checkout has no lab named '${name}'. 'npm run lab -- list' shows what there is, 'create' makes one.`,
    );
  if (!(await hasNetwork(state)))
    throw new Error(
      `The lab '${name}' is dead: its network is gone (was this machine restarted?). Destroy it and make a new one.`,
    );
  return toLab(state);
}

/** Destroys this checkout's labs, whole or half made. Those of processes that still run (tests) stay unless `includeOwned`. */
export async function destroyLabs(options: { readonly includeOwned?: boolean } = {}): Promise<void> {
  for (const state of await listLabs()) {
    const isInUse = state.owner?.pid !== process.pid && (await isOwned(state));
    if (isInUse && options.includeOwned !== true)
      say(
        `leaving the lab '${state.name}' alone: the running process ${state.owner?.pid} made it for itself`,
      );
    else await destroyLab(state);
  }
}

async function claimName(options: LabOptions, baseTree: string): Promise<LabState> {
  const state = await describeLab(options, baseTree);
  await mkdir(labsDirectory, { recursive: true });
  if (await claimLab(state)) return state;
  const present = await loadLab(state.key);
  if (present !== undefined && (present.owner === undefined || (await isOwned(present))))
    throw new Error(
      `A lab named '${state.name}' exists already${present.owner ? ` and process ${present.owner.pid} uses it` : ''}. ` +
        `Take another --name, or destroy it first: npm run lab -- destroy --name ${state.name}`,
    );
  if (present !== undefined) await destroyLab(present);
  else await rm(state.directory, { recursive: true, force: true });
  if (!(await claimLab(state))) throw new Error(`Somebody else is making the lab '${state.name}' right now.`);
  return state;
}

async function describeLab(options: LabOptions, baseTree: string): Promise<LabState> {
  const name = options.name ?? 'default';
  const key = labKey(name);
  const directory = `${labsDirectory}/${key}`;
  const sudoPassword = randomBytes(9).toString('base64url');
  const describe = (role: HostRole, hostName: string, machine: string, index: number): HostRecord => ({
    name: hostName,
    role,
    machine: `${key}-${machine}`,
    ...addressesOf(role === 'node' ? index : role),
    user: role === 'bastion' ? 'jump' : options.sudo === 'root' ? 'root' : 'ops',
    keyPath: `${directory}/keys/${role === 'bastion' ? 'bastion' : 'hosts'}_ed25519`,
    ...(options.sudo === 'password' && role !== 'bastion' ? { sudoPassword } : {}),
  });
  const nodes = Array.from({ length: options.hosts }, (_, i) =>
    describe('node', `node${i + 1}`, `n${i + 1}`, i + 1),
  );
  return {
    checkout,
    name,
    key,
    namespace: `rke2ctl-lab-${key}`,
    directory,
    baseTree,
    artifacts: options.release ?? `${directory}/artifacts`,
    hosts: [
      ...nodes,
      ...(options.bastion ? [describe('bastion', 'bastion', 'b', 0)] : []),
      ...(options.lb ? [describe('lb', 'lb', 'lb', 0)] : []),
    ],
    binds: options.binds ?? [],
    ...(options.keep ? {} : { owner: await currentOwner() }),
  };
}

async function makeKeys(state: LabState): Promise<void> {
  await mkdir(`${state.directory}/keys`, { mode: 0o700 });
  for (const keyPath of new Set(state.hosts.map((host) => host.keyPath)))
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `lab ${state.name}`, '-f', keyPath]);
}

/** The lab's own hosts first: the others are reached through them. */
function bootOrder(hosts: readonly HostRecord[]): HostRecord[] {
  return [...hosts.filter((host) => host.role !== 'node'), ...hosts.filter((host) => host.role === 'node')];
}

async function makeHost(state: LabState, host: HostRecord): Promise<void> {
  await mountHostTree(state, host);
  await writeHostFiles(state, host);
  await startHost(state, host);
  await waitForHost(state, host);
}

function toLabHost(state: LabState, host: HostRecord): LabHost {
  const { name, address, address6, user, keyPath, sudoPassword } = host;
  const root = `${hostDirectory(state, host)}/root`;
  return { name, address, address6, user, keyPath, ...(sudoPassword ? { sudoPassword } : {}), root };
}

function toLab(state: LabState): Lab {
  const find = (name: string): HostRecord => {
    const host = state.hosts.find((candidate) => candidate.name === name);
    if (host !== undefined) return host;
    const names = state.hosts.map((candidate) => candidate.name).join(', ');
    throw new Error(`The lab '${state.name}' has no host named '${name}'; it has ${names}.`);
  };
  const byRole = (role: HostRole): LabHost[] =>
    state.hosts.filter((host) => host.role === role).map((host) => toLabHost(state, host));
  const [bastion] = byRole('bastion');
  const [lb] = byRole('lb');
  return {
    name: state.name,
    namespace: state.namespace,
    directory: state.directory,
    artifacts: state.artifacts,
    hosts: byRole('node'),
    ...(bastion === undefined ? {} : { bastion }),
    ...(lb === undefined ? {} : { lb }),
    kubectl: `${state.baseTree}${standinBin}/kubectl`,
    etcdctl: `${state.baseTree}${standinBin}/etcdctl`,
    exec: async (host, command, options) => execInHost(state, find(host), command, options),
    run: async (command, options) => runCommand(inNamespace(state, command), options),
    spawn: (command, options) => {
      const [file = '', ...args] = inNamespace(state, command);
      return execa(file, args, { reject: false, ...options } satisfies Options as Options);
    },
    fault: async (host, kind, argument) => injectFault(state, find(host), kind, argument),
    heal: async (host, kind) => healFault(state, find(host), kind),
    powerOff: async (host) => powerOffHost(state, find(host)),
    powerOn: async (host) => powerOnHost(state, find(host)),
    listing: async (host) => listHost(state, find(host)),
    destroy: async () => destroyLab(state),
  };
}
