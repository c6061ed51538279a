import type { SshSettings } from '../../src/domain/cluster.ts';
import type { Rke2ctlError } from '../../src/domain/errors.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { type ReachOptions, reach } from './reach.ts';
import { type Keys, type Sshd, type SshdOptions, startSshd } from './sshd.ts';

/** Starts sshds and opens transports for one group of tests, and takes all of them away again. */
export interface Bench {
  serve(options?: Partial<SshdOptions>): Promise<Sshd>;
  /** Not connected yet. */
  open(options: Omit<ReachOptions, 'keys' | 'client'>): Transport;
  /** Has `close` called at the end for a transport made elsewhere. */
  adopt(transport: Transport): void;
  close(): Promise<void>;
}

export function createBench(client: SshSettings['client'], keys: Keys): Bench {
  const transports: Transport[] = [];
  const servers: Sshd[] = [];
  return {
    serve: async (options = {}) => {
      const sshd = await startSshd({ keys, ...options });
      servers.push(sshd);
      return sshd;
    },
    open: (options) => {
      const transport = reach({ keys, client, ...options });
      transports.push(transport);
      return transport;
    },
    adopt: (transport) => void transports.push(transport),
    close: async () => {
      for (const transport of transports.splice(0)) await transport.close();
      for (const server of servers.splice(0)) await server.stop();
    },
  };
}

/** Connects and says who we are on the host. */
export async function whoami(transport: Transport): Promise<string> {
  await transport.connect();
  return (await transport.run({ command: 'id -un' })).stdout.trim();
}

/** The error that connecting ends with; a connection, or an error that is none of ours, fails the test. */
export async function failureOf(transport: Transport): Promise<Rke2ctlError> {
  const outcome = await transport.connect().then(
    () => 'it connected',
    (error: unknown) => error,
  );
  if (outcome instanceof Error && 'hint' in outcome) return outcome as Rke2ctlError;
  throw new Error(`expected one of our errors, got ${String(outcome)}`);
}
