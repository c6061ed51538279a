import type { Listener } from '../../domain/observed.ts';
import { type ListenPort, portOptions, portsOf } from '../../rke2/ports.ts';
import { type CheckedHost, hostCheck } from './check.ts';
import { isHostOnly } from './networks.ts';

/** Programs of RKE2 that go on running when its service is stopped, as the kernel cuts their names off at 15 letters. */
const RKE2_PROGRAMS =
  /^(rke2|k3s|containerd|kubelet|etcd|kube-(apiserver|controller|scheduler|proxy)|cloud-controlle|calico-node|bird6?|cilium|traefik|nginx-ingress)/;

/** Every port that RKE2 will open on the host must be free, unless this cluster's own RKE2 holds it already. */
export const portsFree = hostCheck('ports-free', 'error', (host, { cluster }) => {
  // What runs RKE2 without being ours is one complaint of its own, not twelve taken ports.
  if (host.hasRke2 && !host.ours) return null;
  // Whatever its own RKE2 needs it has taken by now.
  if (host.hasRke2 && isUp(host)) return null;
  const complaints = portsOf(host.node.roles, cluster.network.cni, portOptions(cluster)).flatMap((port) => {
    const listener = host.facts.listening.find((candidate) => collides(port, candidate));
    if (listener === undefined || isOwn(host, listener)) return [];
    return [complain(port, listener)];
  });
  return complaints;
});

function complain(port: ListenPort, listener: Listener) {
  const who = listener.process ?? 'something that the kernel does not name';
  return {
    message: `Port ${port.port}/${port.protocol} (${port.purpose}) is taken by ${who} on ${listener.address || '*'}.`,
    hint:
      listener.process === null && port.protocol === 'udp'
        ? 'A VXLAN interface left over from another network does this: `ip -d link show type vxlan` names it, `ip link delete NAME` removes it.'
        : `Stop it or move it to another port; \`ss -lntup sport = :${port.port}\` on the host shows it.`,
  };
}

function collides(port: ListenPort, listener: Listener): boolean {
  if (port.port !== listener.port || port.protocol !== listener.protocol) return false;
  if (isEverywhere(listener.address)) return true;
  return port.bind === 'any' || isHostOnly(listener.address);
}

function isEverywhere(address: string): boolean {
  return ['', '*', '0.0.0.0', '::', '[::]'].includes(address);
}

/** Containers outlive the service, so on our own node a port may be held by RKE2's programs while the unit is down. */
function isOwn(host: CheckedHost, listener: Listener): boolean {
  if (!host.ours || !host.hasRke2) return false;
  return listener.process === null || RKE2_PROGRAMS.test(listener.process);
}

const UP: ReadonlySet<string> = new Set(['active', 'activating', 'reloading', 'deactivating']);

function isUp({ facts }: CheckedHost): boolean {
  return UP.has(facts.rke2.server.active) || UP.has(facts.rke2.agent.active);
}
