import type { SshSettings } from '../domain/cluster.ts';
import type { HostKeys } from './host-keys.ts';
import type { KeyRing } from './key-ring.ts';
import type { SshConfigReader } from './ssh-config.ts';
import type { BastionPool } from './ssh2/bastion-pool.ts';

/** What all transports of a run share: keys, host keys, ssh_config, bastions. */
export interface TransportContext {
  readonly settings: SshSettings;
  readonly hostKeys: HostKeys;
  readonly keyRing: KeyRing;
  /** SSH_AUTH_SOCK, if there is an agent. */
  readonly agentSocket: string | null;
  readonly sshConfig: SshConfigReader;
  readonly bastions: BastionPool;
}
