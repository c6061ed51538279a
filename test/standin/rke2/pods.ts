import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { linkTo, makeDirectory, readFileIfAny, writeFile } from './files.ts';
import { info, reasonOf, warn } from './log.ts';
import type { Paths } from './paths.ts';
import { CONTAINERD_RUN_DIRECTORY } from './paths.ts';

const TASKS = join(CONTAINERD_RUN_DIRECTORY, 'io.containerd.runtime.v2.task/k8s.io');
const STOP_PATIENCE_MS = 5000;
/** How long a container that ended stays down, as with the kubelet's back-off. */
const RESTART_MS = 1000;

/** A static pod of one container. `stamp` is whatever else must restart it when it changes, e.g. certificates. */
export interface PodSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly stamp?: string;
}

/** Starts, keeps and replaces static pods. They outlive this process; rke2-killall.sh ends them. */
export interface PodRuntime {
  /** Keeps a running pod of the same spec, replaces one of another spec. */
  ensure(pod: PodSpec): Promise<void>;
  /** Ends a pod and removes its manifest. */
  remove(name: string): Promise<void>;
  isRunning(name: string): boolean;
  /** The pods that are to run, with the hash of each one's spec. */
  list(): readonly (PodSpec & { readonly hash: string })[];
}

interface Task {
  readonly pid: number;
  readonly startTime: string;
  readonly hash: string;
}

/** `releaseDirectory` holds the bin directory with the shim; `nodeName` and `manifestMode` shape the manifests. */
export function openPodRuntime(
  paths: Paths,
  options: { readonly releaseDirectory: string; readonly nodeName: string; readonly manifestMode: number },
): PodRuntime {
  makeDirectory(TASKS);
  makeDirectory(paths.podManifests, 0o750);
  const wanted = new Map<string, PodSpec>();
  const busy = new Set<string>();
  const run = async (pod: PodSpec): Promise<void> => {
    const hash = hashOf(pod);
    const running = readTask(pod.name);
    if (running?.hash === hash) return;
    busy.add(pod.name);
    try {
      if (running !== undefined) await stop(running);
      start(pod, hash, options);
    } finally {
      busy.delete(pod.name);
    }
  };
  setInterval(() => {
    for (const pod of wanted.values()) {
      if (busy.has(pod.name) || readTask(pod.name) !== undefined) continue;
      run(pod).catch((error: unknown) => warn(`Failed to restart ${pod.name}: ${reasonOf(error)}`));
    }
  }, RESTART_MS);
  return {
    ensure: async (pod) => {
      const manifest = join(paths.podManifests, `${pod.name}.yaml`);
      const text = renderManifest(pod, hashOf(pod));
      if (readFileIfAny(manifest) !== text) writeFile(manifest, text, options.manifestMode);
      await run(pod);
      wanted.set(pod.name, pod);
    },
    remove: async (name) => {
      wanted.delete(name);
      rmSync(join(paths.podManifests, `${name}.yaml`), { force: true });
      const running = readTask(name);
      if (running !== undefined) await stop(running);
      rmSync(join(TASKS, name), { recursive: true, force: true });
    },
    isRunning: (name) => readTask(name) !== undefined,
    list: () => [...wanted.values()].map((pod) => ({ ...pod, hash: hashOf(pod) })),
  };
}

function hashOf(pod: PodSpec): string {
  return createHash('sha256').update(JSON.stringify(pod)).digest('hex').slice(0, 32);
}

function start(pod: PodSpec, hash: string, options: { releaseDirectory: string; nodeName: string }): void {
  const id = createHash('sha256').update(`${hash}${Date.now()}`).digest('hex');
  const directory = join(TASKS, pod.name);
  mkdirSync(directory, { recursive: true });
  const logFile = prepareLog(pod.name, options.nodeName, hash);
  const script = join(directory, 'runc.sh');
  writeFile(script, renderScript(pod.command, logFile), 0o700);
  const shim = join(options.releaseDirectory, 'bin/containerd-shim-runc-v2');
  const { NOTIFY_SOCKET: _ignored, ...environment } = process.env;
  const child = spawn(
    shim,
    [
      script,
      '-namespace',
      'k8s.io',
      '-id',
      id,
      '-address',
      join(CONTAINERD_RUN_DIRECTORY, 'containerd.sock'),
    ],
    { detached: true, stdio: 'ignore', cwd: '/', env: environment },
  );
  child.unref();
  if (child.pid === undefined) throw new Error(`failed to start container ${pod.name}`);
  const task: Task = { pid: child.pid, startTime: readStartTime(child.pid), hash };
  writeFile(join(directory, 'task.json'), JSON.stringify(task));
  info(`Pod for ${pod.name} started, container id ${id.slice(0, 12)}`);
}

/** The shim waits for its container and ends with it; a TERM is passed on. */
function renderScript(command: readonly string[], logFile: string): string {
  return `${command.map(quoteWord).join(' ')} >>${quoteWord(logFile)} 2>&1 </dev/null &
child=$!
trap 'kill -TERM $child 2>/dev/null' TERM
wait $child
code=$?
while kill -0 $child 2>/dev/null; do wait $child; done
exit $code
`;
}

function prepareLog(name: string, nodeName: string, hash: string): string {
  const directory = join('/var/log/pods', `kube-system_${name}-${nodeName}_${hash}`, name);
  makeDirectory(directory);
  makeDirectory('/var/log/containers');
  const file = join(directory, '0.log');
  linkTo(file, join('/var/log/containers', `${name}-${nodeName}_kube-system_${name}-${hash}.log`));
  return file;
}

function readTask(name: string): Task | undefined {
  const text = readFileIfAny(join(TASKS, name, 'task.json'));
  if (text === undefined) return undefined;
  const task = JSON.parse(text) as Task;
  return readStartTime(task.pid) === task.startTime ? task : undefined;
}

/** Ends the shim and all below it: TERM first, KILL when it takes too long. */
async function stop(task: Task): Promise<void> {
  signal(task.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_PATIENCE_MS;
  while (Date.now() < deadline && readStartTime(task.pid) === task.startTime) await sleep(50);
  if (readStartTime(task.pid) !== task.startTime) return;
  for (const pid of [...descendants(task.pid), task.pid]) signal(pid, 'SIGKILL');
  await sleep(100);
}

/** Whether a container of this name runs, whichever release started it. */
export function isPodRunning(name: string): boolean {
  return readTask(name) !== undefined;
}

/** Ends containers of these names whatever release started them; what RKE2 does with stale ones. */
export async function stopPods(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const task = readTask(name);
    if (task !== undefined) await stop(task);
  }
}

/** After `certificate rotate` all static pods are made anew: it leaves a file that says so. */
export async function restartPodsIfAsked(paths: Paths): Promise<void> {
  const mark = join(paths.data, 'force-restart');
  if (!existsSync(mark)) return;
  if (existsSync(TASKS)) await stopPods(readdirSync(TASKS));
  rmSync(mark);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}

function descendants(pid: number): readonly number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(path)
    ? readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    : [];
  return children.flatMap((child) => [...descendants(child), child]);
}

/** The process's start time in clock ticks, empty when there is none or it is a zombie. */
function readStartTime(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    if (fields[0] === 'Z') return '';
    return fields[19] ?? '';
  } catch {
    return '';
  }
}

/** Whether some process still runs a program below this directory; used to tell leftovers. */
export function listProcessesBelow(directory: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/exe`).startsWith(directory);
      } catch {
        return false;
      }
    });
}

function renderManifest(pod: PodSpec, hash: string): string {
  const args = pod.command.map((word) => `    - ${JSON.stringify(word)}`).join('\n');
  return `apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubernetes.io/config.hash: ${hash}
  labels:
    component: ${pod.name}
    tier: control-plane
  name: ${pod.name}
  namespace: kube-system
spec:
  containers:
  - name: ${pod.name}
    image: ${pod.image}
    command:
${args}
  hostNetwork: true
  priorityClassName: system-cluster-critical
`;
}

function quoteWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
