import type { SshAuth } from '../domain/cluster.ts';

/** One sshd as it is dialled: a node, or a bastion on the way to it. */
export interface SshHost {
  /** As people call it: `ops@10.0.0.1:22`. */
  readonly target: string;
  /** Name, IPv4 or IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly auth: SshAuth;
  /** Its name in known_hosts. */
  readonly hostKeyName: string;
}

/** `user@address:port`, with brackets around IPv6. */
export function formatTarget(host: {
  readonly user: string;
  readonly address: string;
  readonly port: number;
}): string {
  const address = host.address.includes(':') ? `[${host.address}]` : host.address;
  return `${host.user}@${address}:${host.port}`;
}
