import { rm } from 'node:fs/promises';
import { mustRun, runCommand } from './command.ts';
import type { HostRecord, LabState } from './lab-state.ts';

/** The controller's side of every lab; also the hosts' default gateway, beyond which nothing answers. */
export const gateway = '198.18.0.1';
export const gateway6 = 'fd19:8180::1';
export const prefixLength = 16;
export const prefixLength6 = 64;

export const bridge = 'br0';

/** Addresses of the n-th cluster host (n from 1) or of one of the lab's own hosts. Every lab has its own network, so they repeat. */
export function addressesOf(role: 'bastion' | 'lb' | number): { address: string; address6: string } {
  if (role === 'bastion') return { address: '198.18.0.2', address6: 'fd19:8180::2' };
  if (role === 'lb') return { address: '198.18.0.3', address6: 'fd19:8180::3' };
  const [high, low] = [1 + Math.floor(role / 250), role % 250];
  return { address: `198.18.${high}.${low}`, address6: `fd19:8180::1:${role.toString(16)}` };
}

/** The machine's end of the host's wire. */
export function wireOf(host: HostRecord): string {
  return `vb-${host.machine}`;
}

/** Makes the lab's network namespace with its bridge. Nothing in it has a way out: what is not the lab's is unreachable. */
export async function makeNetwork(state: LabState): Promise<void> {
  const { namespace } = state;
  await mustRun(['ip', 'netns', 'add', namespace]);
  const lines = [
    'link set lo up',
    `link add ${bridge} type bridge`,
    `addr add ${gateway}/${prefixLength} dev ${bridge}`,
    `addr add ${gateway6}/${prefixLength6} dev ${bridge} nodad`,
    `link set ${bridge} up`,
    'route add unreachable default metric 4000',
    '-6 route add unreachable default metric 4000',
  ];
  for (const line of lines) await mustRun(['ip', '-n', namespace, ...line.split(' ')]);
  // The gateway forwards only to say "unreachable" at once, instead of leaving the hosts to their timeouts.
  const forward = 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding';
  await mustRun(inNamespace(state, ['sh', '-c', forward]));
}

/** Ends what still runs in the lab's namespace on the controller's side and removes the namespace. */
export async function removeNetwork(state: LabState): Promise<void> {
  if (!(await hasNetwork(state))) return;
  const pids = await mustRun(['ip', 'netns', 'pids', state.namespace]);
  for (const pid of pids.split('\n').filter(Boolean).map(Number))
    if (pid !== process.pid) await runCommand(['kill', '-KILL', String(pid)]);
  await runCommand(['ip', 'netns', 'delete', state.namespace]);
  await rm(`/run/netns/${state.namespace}`, { force: true });
}

/** Whether the lab's network namespace is there; it is not after a restart of this machine. */
export async function hasNetwork(state: LabState): Promise<boolean> {
  const list = await mustRun(['ip', 'netns', 'list']);
  return list.split('\n').some((line) => line.split(' ')[0] === state.namespace);
}

/** The command, to be run on the controller's side; the process keeps its pid, as nsenter only replaces itself. */
export function inNamespace(state: LabState, command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${state.namespace}`, '--', ...command];
}
