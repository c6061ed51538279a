import type { Cluster, Cni } from '../domain/cluster.ts';
import type { Role } from '../domain/role.ts';
import {
  DEFAULT_INGRESS_PORTS,
  type IngressPort,
  ingressPorts,
  type Overlay,
  overlayOf,
} from './host-ports.ts';

/** Who needs a port: people outside the cluster, every node, nodes with etcd or controlplane, nodes with etcd. */
export type PortSource = 'anybody' | 'nodes' | 'servers' | 'etcd';

/** On which nodes it must answer. */
export type PortTarget = 'nodes' | 'servers' | 'controlplane' | 'etcd';

/** The names that `firewall.public` knows for what people outside the cluster may reach. */
export type PublicName = 'api' | 'ingress' | 'nodeports';

/**
 * One port that must be open between hosts, as RKE2's requirements ask. `port` is a number, a range `30000-32767`, or
 * for ICMP its type and code, `8/0`. `public` is the word in `firewall.public` that opens it to everybody; a rule `from`
 * anybody concerns no node, and is opened for nobody unless that word is there.
 */
export interface PortRule {
  readonly port: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly from: PortSource;
  readonly to: PortTarget;
  /** What runs over it, for people: `etcd peer`. */
  readonly purpose: string;
  readonly public?: PublicName;
}

/** A port that RKE2 itself will listen on. `loopback`: only on 127.0.0.1 (or ::1), so no firewall concerns it. */
export interface ListenPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly bind: 'any' | 'loopback';
  readonly purpose: string;
}

/** What decides on ports beside the CNI. */
export interface PortOptions {
  /** None where there is no ingress controller, or one that takes no ports of the hosts. */
  readonly ingress: readonly IngressPort[];
  readonly overlay: Overlay;
  readonly embeddedRegistry: boolean;
  readonly etcdMetrics: boolean;
  readonly nodePortRange: string;
  /** True: no etcd of the cluster's own listens anywhere. */
  readonly externalDatastore: boolean;
}

/** What `portOptions` gives for a cluster whose file says nothing about ports. */
export const DEFAULT_PORT_OPTIONS: PortOptions = {
  ingress: DEFAULT_INGRESS_PORTS,
  overlay: { backend: null, port: null },
  embeddedRegistry: false,
  etcdMetrics: false,
  nodePortRange: '30000-32767',
  externalDatastore: false,
};

type Sources = Pick<Cluster, 'rke2' | 'externalDatastore' | 'ingress' | 'chartValues' | 'network'>;

/** Reads from the cluster what decides on ports: ingress, overlay, embedded registry, etcd metrics, NodePorts. */
export function portOptions(cluster: Sources): PortOptions {
  const server = cluster.rke2.server;
  const range = server['service-node-port-range'];
  return {
    ingress: ingressPorts(cluster),
    overlay: overlayOf(cluster),
    embeddedRegistry: server['embedded-registry'] === true,
    etcdMetrics: server['etcd-expose-metrics'] === true,
    nodePortRange: typeof range === 'string' ? range : DEFAULT_PORT_OPTIONS.nodePortRange,
    externalDatastore: cluster.externalDatastore,
  };
}

/** Every port that must be open between hosts for this CNI and these options, in the order people expect to read them. */
export function inboundRules(
  network: { readonly cni: readonly Cni[] },
  options: PortOptions = DEFAULT_PORT_OPTIONS,
): readonly PortRule[] {
  const rules: PortRule[] = [
    // With the embedded registry agents, too, answer on the supervisor's port: they hand images to each other.
    tcp('9345', 'nodes', options.embeddedRegistry ? 'nodes' : 'servers', 'supervisor, joining nodes'),
    { ...tcp('6443', 'nodes', 'controlplane', 'Kubernetes API'), public: 'api' },
    tcp('10250', 'nodes', 'nodes', 'kubelet'),
  ];
  if (!options.externalDatastore) {
    rules.push(tcp('2379', 'servers', 'etcd', 'etcd client'), tcp('2380', 'etcd', 'etcd', 'etcd peer'));
  }
  if (options.etcdMetrics && !options.externalDatastore)
    rules.push(tcp('2381', 'nodes', 'etcd', 'etcd metrics'));
  if (options.embeddedRegistry) rules.push(tcp('5001', 'nodes', 'nodes', 'embedded registry, peer to peer'));
  for (const cni of network.cni) rules.push(...cniRules(cni, options.overlay));
  for (const { port, purpose } of options.ingress) {
    rules.push({ ...tcp(String(port), 'anybody', 'nodes', `ingress, ${purpose}`), public: 'ingress' });
  }
  rules.push(
    { ...tcp(options.nodePortRange, 'anybody', 'nodes', 'NodePort services'), public: 'nodeports' },
    { ...udp(options.nodePortRange, 'anybody', 'nodes', 'NodePort services'), public: 'nodeports' },
  );
  return rules;
}

/** What a CNI needs between all nodes. Multus rides on the other plugin; `none` is the person's own affair. */
const CNI_RULES: Readonly<Record<Cni, readonly PortRule[]>> = {
  canal: [
    udp('8472', 'nodes', 'nodes', 'Canal VXLAN'),
    tcp('9099', 'nodes', 'nodes', 'Canal health'),
    udp('51820', 'nodes', 'nodes', 'Canal WireGuard, IPv4'),
    udp('51821', 'nodes', 'nodes', 'Canal WireGuard, IPv6'),
  ],
  calico: [
    tcp('179', 'nodes', 'nodes', 'Calico BGP'),
    udp('4789', 'nodes', 'nodes', 'Calico VXLAN'),
    tcp('5473', 'nodes', 'nodes', 'Calico Typha'),
    tcp('9098', 'nodes', 'nodes', 'Calico Typha health'),
    tcp('9099', 'nodes', 'nodes', 'Calico health'),
  ],
  cilium: [
    { port: '8/0', protocol: 'icmp', from: 'nodes', to: 'nodes', purpose: 'Cilium health, echo request' },
    tcp('4240', 'nodes', 'nodes', 'Cilium health'),
    udp('8472', 'nodes', 'nodes', 'Cilium VXLAN'),
    udp('51871', 'nodes', 'nodes', 'Cilium WireGuard'),
  ],
  flannel: [udp('4789', 'nodes', 'nodes', 'Flannel VXLAN')],
  multus: [],
  none: [],
};

/** Flannel's own ports by backend; the first is the one that `backendPort` moves. */
const BACKEND_PORTS: Readonly<Record<string, readonly string[]>> = {
  vxlan: ['8472', '4789'],
  wireguard: ['51820'],
};

function cniRules(cni: Cni, { backend, port }: Overlay): readonly PortRule[] {
  const rules = CNI_RULES[cni];
  if (cni !== 'canal' && cni !== 'flannel') return rules;
  const name = cni === 'canal' ? 'Canal' : 'Flannel';
  if (backend === 'udp') return [...rules, udp(String(port ?? 8285), 'nodes', 'nodes', `${name} UDP`)];
  if (cni === 'flannel' && backend === 'wireguard') {
    return [
      udp(String(port ?? 51820), 'nodes', 'nodes', 'Flannel WireGuard'),
      udp('51821', 'nodes', 'nodes', 'Flannel WireGuard, IPv6'),
    ];
  }
  const moved = BACKEND_PORTS[backend ?? 'vxlan'] ?? [];
  if (port === null) return rules;
  return rules.map((rule) => (moved.includes(rule.port) ? { ...rule, port: String(port) } : rule));
}

/** Ports that RKE2 opens on loopback only, for a node of these roles (all of them when none are given). */
export function loopbackPorts(
  roles: readonly Role[] = ['etcd', 'controlplane', 'worker'],
  { externalDatastore }: Pick<PortOptions, 'externalDatastore'> = DEFAULT_PORT_OPTIONS,
): readonly ListenPort[] {
  const ports: ListenPort[] = [
    loopback(10248, 'kubelet health'),
    loopback(10256, 'kube-proxy health'),
    loopback(10010, 'containerd streaming'),
    loopback(6444, 'load balancer in front of the supervisors'),
  ];
  if (roles.includes('controlplane')) {
    ports.push(
      loopback(10257, 'kube-controller-manager'),
      loopback(10258, 'cloud-controller-manager'),
      loopback(10259, 'kube-scheduler'),
    );
  } else {
    ports.push(loopback(6443, 'load balancer in front of the API servers'));
  }
  if (roles.includes('etcd')) {
    ports.push(loopback(2381, 'etcd health and metrics'), loopback(2382, 'etcd client over HTTP'));
  } else if (roles.includes('controlplane') && !externalDatastore) {
    ports.push(loopback(2379, 'load balancer in front of etcd'));
  }
  return ports;
}

/**
 * The ports that a host of these roles must have free before RKE2 starts there. NodePorts are left out (they are taken
 * when a Service asks for one); ingress ports count where the ingress controller runs, which is on workers.
 */
export function portsOf(
  roles: readonly Role[],
  cni: readonly Cni[],
  options: PortOptions = DEFAULT_PORT_OPTIONS,
): readonly ListenPort[] {
  const ports: ListenPort[] = [];
  for (const rule of inboundRules({ cni }, options)) {
    if (rule.protocol === 'icmp' || rule.public === 'nodeports') continue;
    if (rule.public === 'ingress' ? !roles.includes('worker') : !isPortTarget(rule.to, roles)) continue;
    ports.push({ port: Number(rule.port), protocol: rule.protocol, bind: 'any', purpose: rule.purpose });
  }
  for (const port of loopbackPorts(roles, options)) {
    if (!ports.some((known) => known.port === port.port && known.protocol === port.protocol))
      ports.push(port);
  }
  return ports;
}

/** Whether a node of these roles must answer on a rule's port. */
export function isPortTarget(to: PortTarget, roles: readonly Role[]): boolean {
  return to === 'nodes' || hasPart(to, roles);
}

/** Whether a node of these roles must reach a rule's port on others; never true of `anybody`, who is no node. */
export function isPortSource(from: PortSource, roles: readonly Role[]): boolean {
  if (from === 'anybody') return false;
  return from === 'nodes' || hasPart(from, roles);
}

function hasPart(part: 'servers' | 'controlplane' | 'etcd', roles: readonly Role[]): boolean {
  if (part === 'servers') return roles.includes('etcd') || roles.includes('controlplane');
  return roles.includes(part);
}

function tcp(port: string, from: PortSource, to: PortTarget, purpose: string): PortRule {
  return { port, protocol: 'tcp', from, to, purpose };
}

function udp(port: string, from: PortSource, to: PortTarget, purpose: string): PortRule {
  return { port, protocol: 'udp', from, to, purpose };
}

function loopback(port: number, purpose: string): ListenPort {
  return { port, protocol: 'tcp', bind: 'loopback', purpose };
}
