import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectory, writeFile } from './files.ts';
import { defaultDevice } from './node-address.ts';
import { addressIn } from './options.ts';

const run = promisify(execFile);

/** The one pod whose mounts are shown, the cluster DNS's. */
const POD_UID = '5d1f4a52-6c1e-4f6b-9a57-0c6f5b1de001';

/** What the CNI and kube-proxy put on a node. `podCidrs` are the node's own parts of the pod ranges. */
export interface NetworkSettings {
  readonly cni: string;
  readonly podCidrs: readonly string[];
  readonly clusterDns: readonly string[];
}

/** VXLAN devices by CNI, as the real plug-ins name them, with their UDP ports. */
const TUNNELS: Readonly<
  Record<string, { readonly device: string; readonly id: number; readonly port: number }>
> = {
  canal: { device: 'flannel.1', id: 1, port: 8472 },
  flannel: { device: 'flannel.4096', id: 4096, port: 4789 },
  calico: { device: 'vxlan.calico', id: 4096, port: 4789 },
  cilium: { device: 'cilium_vxlan', id: 1, port: 8472 },
};

/** TCP ports the CNI's agent opens on every node. */
export const CNI_TCP_PORTS: Readonly<Record<string, readonly number[]>> = {
  canal: [9099],
  flannel: [],
  calico: [9099, 9098, 5473, 179],
  cilium: [4240],
};

/** Service addresses on a device of kube-proxy's, with the packet filter chains kube-proxy and the plug-in use. */
export async function setUpServiceNetwork(settings: NetworkSettings): Promise<void> {
  for (const key of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) {
    try {
      writeFileSync(join('/proc/sys', key), '1');
    } catch {
      // A host may forbid it; nothing here forwards packets.
    }
  }
  await ip('link', 'add', 'kube-ipvs0', 'type', 'bridge');
  await ip('link', 'set', 'kube-ipvs0', 'up');
  for (const address of settings.clusterDns) {
    await ip(
      'address',
      'add',
      `${address}/${address.includes(':') ? 128 : 32}`,
      'dev',
      'kube-ipvs0',
      ...(address.includes(':') ? ['nodad'] : []),
    );
  }
  await restoreRules('iptables-restore');
  await restoreRules('ip6tables-restore');
}

/** The bridge, tunnel and files of the chosen plug-in. */
export async function setUpPodNetwork(settings: NetworkSettings): Promise<void> {
  makeDirectory('/etc/cni/net.d', 0o755);
  makeDirectory('/opt/cni/bin');
  makeDirectory('/var/lib/cni/networks');
  writeFile(
    `/etc/cni/net.d/10-${settings.cni}.conflist`,
    `${JSON.stringify({ cniVersion: '1.0.0', name: settings.cni, plugins: [] })}\n`,
    0o644,
  );
  writeFile(`/opt/cni/bin/${settings.cni}`, '#!/bin/sh\nexit 0\n', 0o755);
  await mountPodDirectories();
  const tunnel = TUNNELS[settings.cni];
  const device = defaultDevice();
  if (tunnel !== undefined) {
    const parent = device === undefined ? [] : ['dev', device];
    await ip(
      'link',
      'add',
      tunnel.device,
      'type',
      'vxlan',
      'id',
      String(tunnel.id),
      ...parent,
      'dstport',
      String(tunnel.port),
      'nolearning',
    );
    await ip('link', 'set', tunnel.device, 'up');
  }
  if (settings.cni === 'canal' || settings.cni === 'flannel') {
    await ip('link', 'add', 'cni0', 'type', 'bridge');
    for (const cidr of settings.podCidrs)
      await ip('address', 'add', `${addressIn(cidr, 1)}/${cidr.includes(':') ? 64 : 24}`, 'dev', 'cni0');
    await ip('link', 'set', 'cni0', 'up');
  }
  if (settings.cni === 'cilium') {
    await ip('link', 'add', 'cilium_net', 'type', 'veth', 'peer', 'name', 'cilium_host');
  }
}

/** A pod's own mounts, as every running pod has them: a projected volume and a network namespace. */
async function mountPodDirectories(): Promise<void> {
  const mounted = readFileSync('/proc/self/mounts', 'utf8');
  for (const path of [
    `/var/lib/kubelet/pods/${POD_UID}/volumes/kubernetes.io~projected/kube-api-access`,
    `/run/netns/cni-${POD_UID}`,
  ]) {
    if (mounted.includes(` ${path} `)) continue;
    makeDirectory(path);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).catch(() => undefined);
  }
}

/** A failing command means that it is there already, as after a restart. */
async function ip(...args: readonly string[]): Promise<void> {
  try {
    await run('ip', [...args]);
  } catch {
    // Already there.
  }
}

async function restoreRules(program: string): Promise<void> {
  const child = run(program, ['--noflush', '-w']);
  child.child.stdin?.on('error', () => {
    // The program may be missing; the promise below says so.
  });
  child.child.stdin?.end(`*filter
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
*nat
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
COMMIT
`);
  try {
    await child;
  } catch {
    // Without iptables the node still comes up, as a real one does.
  }
}
